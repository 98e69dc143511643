//! Tests of the tutorial pages. Their `sh` blocks run against a server, and the shown replies are compared with the
//! real ones.
//!
//! The first `console` block of a page that begins with `cargo run --` gives the arguments of the server, which takes a
//! free port. All `sh` blocks of a page run in one shell. Each `json` block after an `sh` block is the next line that
//! it prints. A shown object may leave keys out. A shown text that ends with `...` matches any end.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tests::functions;

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).expect("a page")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the root").to_owned()
}

/// Returns the fenced blocks of a page: language and text.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some((_, text)), _) => text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// A running server of the built program, with the address and the token that it printed.
struct Server {
    process: Child,
    url: String,
    token: String,
}

impl Server {
    /// Starts `youhui` with the arguments of a page on a free port.
    fn start(arguments: &str) -> Self {
        let program = functions::built().join("youhui");
        let mut command = Command::new(program);
        command.args(arguments.split_whitespace()).args(["--port", "0"]).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the server");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let mut said = |name: &str| {
            let line = lines.find(|line| line.as_ref().is_ok_and(|line| line.starts_with(name)));
            let line = line.expect("the line").expect("a text");
            line.split_whitespace().nth(1).expect("what it is").to_owned()
        };
        let (url, token) = (said("Youhui"), said("token"));
        // The output must be read to its end, so that the server does not block.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, url, token }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns true if a reply contains the shown value.
fn shows(shown: &Value, reply: &Value) -> bool {
    match (shown, reply) {
        (Value::Object(shown), Value::Object(reply)) => {
            shown.iter().all(|(name, value)| reply.get(name).is_some_and(|reply| shows(value, reply)))
        }
        (Value::Array(shown), Value::Array(reply)) => {
            shown.len() == reply.len() && shown.iter().zip(reply).all(|(shown, reply)| shows(shown, reply))
        }
        (Value::String(shown), Value::String(reply)) => match shown.strip_suffix("...") {
            Some(start) => reply.starts_with(start) && reply.len() > start.len(),
            None => shown == reply,
        },
        _ => shown == reply,
    }
}

/// Runs the blocks of a page in one shell and returns the lines that each printed.
fn run(server: &Server, scripts: &[&str], folder: &Path) -> Vec<Vec<String>> {
    let mut script = "set -eu\n".to_owned();
    for (number, text) in scripts.iter().enumerate() {
        script += &format!("{{\n{text}}} > '{}/{number}'\n", folder.display());
    }
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(script).env("URL", &server.url).env("TOKEN", &server.token).env("NO_PROXY", "127.0.0.1");
    let output = bash.output().expect("bash");
    let lines = |number: usize| {
        let text = fs::read_to_string(folder.join(number.to_string())).unwrap_or_default();
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let printed: Vec<_> = (0..scripts.len()).map(lines).collect();
    let last = printed.iter().rfind(|lines| !lines.is_empty());
    assert!(output.status.success(), "{}\n{last:?}", String::from_utf8_lossy(&output.stderr));
    printed
}

fn holds(name: &str) {
    let (text, folder) = (page(name), tempfile::tempdir().expect("a folder"));
    let blocks = blocks(&text);
    let start = blocks.iter().find_map(|(_, text)| text.trim().strip_prefix("cargo run --"));
    let server = Server::start(start.expect("how the server is started"));
    let scripts: Vec<_> =
        blocks.iter().filter(|(language, _)| language == "sh").map(|(_, text)| text.as_str()).collect();
    let printed = run(&server, &scripts, folder.path());
    assert!(!scripts.is_empty(), "{name} teaches nothing");
    // The shown replies after each `sh` block.
    let mut shown: Vec<Vec<Value>> = Vec::new();
    for (language, text) in &blocks {
        match language.as_str() {
            "sh" => shown.push(Vec::new()),
            "json" => {
                let value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}: {text}"));
                shown.last_mut().expect("a block before it").push(value);
            }
            _ => {}
        }
    }
    for ((script, printed), shown) in scripts.iter().zip(&printed).zip(&shown) {
        assert_eq!(printed.len(), shown.len(), "{name}: {script}\nprinted {printed:#?}");
        for (line, shown) in printed.iter().zip(shown) {
            let reply: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(shows(shown, &reply), "{name} shows\n{shown}\nand this came back\n{reply}");
        }
    }
}

#[test]
fn the_quickstart_does_what_it_says() {
    holds("docs/quickstart.md");
}

#[test]
fn coming_from_elsewhere_does_what_it_says() {
    holds("docs/coming-from.md");
}

#[test]
fn a_reply_that_differs_is_seen() {
    let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let reply = value(r#"{"id": 1, "code": "springABC", "rows": [{"a": "1.00", "b": null}]}"#);
    for (shown, same) in [
        (r#"{"id": 1}"#, true),
        (r#"{"id": 2}"#, false),
        (r#"{"gone": null}"#, false),
        (r#"{"code": "spring..."}"#, true),
        (r#"{"code": "summer..."}"#, false),
        (r#"{"rows": [{"a": "1.00"}]}"#, true),
        (r#"{"rows": [{"a": "1.0"}]}"#, false),
        (r#"{"rows": []}"#, false),
        (r#"{"rows": [{"b": null}]}"#, true),
    ] {
        assert_eq!(shows(&value(shown), &reply), same, "{shown}");
    }
    assert_eq!(
        blocks("a\n```sh\nb\nc\n```\n```\nd\n```\n"),
        [("sh".to_owned(), "b\nc\n".to_owned()), (String::new(), "d\n".to_owned())]
    );
}

/// Every link between the pages leads to an existing file.
#[test]
fn links_lead_to_files() {
    for name in ["README.md", "CONTRIBUTING.md", "docs/quickstart.md", "docs/coming-from.md", "clients/rust/README.md"]
    {
        let text = page(name);
        let folder = root().join(name).parent().expect("a folder").to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let elsewhere = link.contains("://") || file.is_empty();
            assert!(elsewhere || folder.join(file).exists(), "{name} links to {link}");
        }
    }
}
