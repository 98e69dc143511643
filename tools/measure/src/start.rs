//! The time from the start of the server to its first answered request.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Instant,
};

/// Starts the server `times` times each in memory, on a new file and on an existing file, and prints medians.
pub(crate) async fn run(times: usize) {
    let binary = std::env::current_exe().expect("this binary").with_file_name("youhui");
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("kept.db");
    println!("| store | median ms to the first answered request |\n|---|---|");
    for (name, fresh) in [("memory", None), ("a new file", Some(true)), ("a file that is there", Some(false))] {
        let mut took = Vec::new();
        for round in 0..=times {
            let mut command = Command::new(&binary);
            command.args(["--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::null());
            match fresh {
                None => command.arg("--memory"),
                Some(true) => command.arg("--data").arg(folder.path().join(format!("{round}.db"))),
                Some(false) => command.arg("--data").arg(&kept),
            };
            let elapsed = once(command).await;
            // The first round only fills the caches of the operating system, and the file.
            if round > 0 {
                took.push(elapsed);
            }
        }
        took.sort_unstable();
        println!("| {name} | {} |", took[took.len() / 2]);
    }
}

async fn once(mut command: Command) -> u128 {
    let began = Instant::now();
    let mut child = command.spawn().expect("the built youhui beside this binary: build it with the same profile");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut said = |name: &str| {
        let line =
            lines.find(|line| line.as_ref().is_ok_and(|line| line.starts_with(name))).expect(name).expect("text");
        line.split_whitespace().nth(1).expect("a value").to_owned()
    };
    let (url, token) = (said("Youhui"), said("token"));
    let reply = reqwest::Client::new().get(format!("{url}/api/loyalty/level/")).bearer_auth(token).send().await;
    assert_eq!(reply.expect("a reply").status(), 200);
    let elapsed = began.elapsed().as_millis();
    child.kill().expect("stopped");
    child.wait().expect("ended");
    elapsed
}
