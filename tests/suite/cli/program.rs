//! `youhui` as a program: its messages on stderr, and closed output streams.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tests::{Api, functions};

use crate::support::files::{Folder, beside};

struct Program {
    binary: PathBuf,
    data: PathBuf,
}

impl Program {
    /// Creates a program with a store of its own, a demo shop and one customer.
    fn new(folder: &Folder) -> Self {
        let program = Self { binary: functions::youhui(), data: folder.path("shop.db") };
        program.run("shop put demo");
        let customers = folder.write("c.csv", "id\n1\n");
        assert!(program.import("customers", &customers).status.success());
        program
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(words.split(' ')).arg("--data").arg(&self.data).stdin(Stdio::null()).env_remove("RUST_LOG");
        command
    }

    fn run(&self, words: &str) -> Output {
        self.command(words).output().expect("youhui")
    }

    fn import(&self, what: &str, from: &Path) -> Output {
        self.run(&format!("import {what} --from {}", from.display()))
    }
}

#[test]
fn an_export_whose_reader_has_read_enough_ends_quietly() {
    let folder = Folder::new();
    let program = Program::new(&folder);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut export = program.command("export customers --to - --format csv");
    let ended =
        export.stdout(writer).stderr(Stdio::piped()).spawn().expect("youhui").wait_with_output().expect("ended");
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn what_may_not_be_meant_and_what_to_do_next_is_said_on_standard_error() {
    let folder = Folder::new();
    let program = Program::new(&folder);
    let rows = "customer_id,points\n1,5\n9,5\n";
    let path = folder.write("p.csv", rows);
    let first = program.import("points", &path);
    let said = String::from_utf8_lossy(&first.stderr);
    let errors = beside(&path, ".errors.csv");
    assert_eq!(first.status.code(), Some(3), "{said}");
    assert!(said.starts_with(&format!("Correct the rows in {}, then import that file.", errors.display())), "{said}");
    let copy = program.import("points", &folder.write("copy.csv", rows));
    let said = String::from_utf8_lossy(&copy.stderr);
    assert!(said.starts_with("Warning: all or part of this file was done before"), "{said}");
}

#[test]
fn rows_that_could_not_be_read_are_not_sent_to_the_errors_file_to_be_corrected() {
    let folder = Folder::new();
    let program = Program::new(&folder);
    let path = folder.write("c.csv", "id,note\n2,good\n3\n4,\"open\n5,swallowed\n");
    let ended = program.import("customers", &path);
    let said = String::from_utf8_lossy(&ended.stderr);
    let expected = format!("2 rows could not be read: {} has the line numbers", beside(&path, ".errors.csv").display());
    assert!(said.starts_with(&expected), "{said}");
    let path = folder.write("d.csv", "id,note\nx,\n3\n");
    let said = String::from_utf8_lossy(&program.import("customers", &path).stderr).into_owned();
    assert!(said.starts_with("Correct the rows in ") && said.contains("\n1 row could not be read"), "{said}");
}

#[test]
fn a_mistyped_name_makes_neither_folders_nor_files() {
    let folder = Folder::new();
    let program = Program::new(&folder);
    let before = names(&folder);
    let (nowhere, text) = (folder.path("none/shop.db"), folder.path("c.csv"));
    for (data, words, said) in [
        (&nowhere, "serve --port 0", "there is no folder"),
        (&nowhere, "shop put demo", "there is no folder"),
        (&text, "serve --port 0", "c.csv is not a store"),
        (&text, "report codes", "c.csv is not a store"),
        (&folder.path("new.db"), "import shop --from none.jsonl", "none.jsonl"),
        (&folder.path("new.db"), &format!("import shop --from {}", text.display()), "not an exported shop"),
    ] {
        let ended = Program { binary: program.binary.clone(), data: data.clone() }.run(words);
        let error = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(1) && error.contains(said), "{words}: {error}");
    }
    assert_eq!(names(&folder), before);
    // A command that may create a store reports that it did.
    let new = Program { binary: program.binary, data: folder.path("new.db") }.run("shop put demo");
    assert!(String::from_utf8_lossy(&new.stderr).contains("new.db: created a new store"));
}

fn names(folder: &Folder) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder.path("")).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn a_table_that_is_not_there_is_named_and_so_is_one_that_cannot_be() {
    let api = Api::empty().await;
    let store = api.server.store_endpoint().expect("the embedded store");
    for (table, told) in [("other", "has no table other: set TABLE_NAME"), ("my", "my: TABLE_NAME has 3 to 255")] {
        let mut command = Command::new(functions::youhui());
        command.args(["shop", "list", "--store", &store]).env("TABLE_NAME", table).env_remove("RUST_LOG");
        let said = String::from_utf8(command.output().expect("youhui").stderr).expect("text");
        assert!(said.contains(told), "{said}");
    }
    api.stop().await;
}
