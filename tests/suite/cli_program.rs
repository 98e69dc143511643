//! `youhui` as a program: what it says beside its answer, and outputs that are closed.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tests::functions;

use crate::cli_files::{Folder, beside};

struct Program {
    binary: PathBuf,
    data: PathBuf,
}

impl Program {
    /// With a store of its own that has the demo shop, with one customer.
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
    assert!(said.starts_with("Careful: this file was moved in before"), "{said}");
}
