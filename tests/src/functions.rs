//! The binaries of the functions, as they are deployed but in the profile of the suite.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use local::template::Template;

/// Variables that cargo and the test runner set for this process, and that build scripts would take for a change.
const OURS: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "NEXTEST"];

/// The names of all binaries that template.yaml deploys.
pub fn binaries() -> Vec<String> {
    let template = Template::read().expect("template.yaml");
    template.functions().map(|(binary, _)| binary.to_owned()).collect()
}

/// cargo in this repository, as whoever started this process would run it.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| OURS.iter().any(|start| name.starts_with(start))) {
            cargo.env_remove(name);
        }
    }
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    cargo
}

/// The package of a function for cargo: with its version, since a crate of others may have the same name.
pub fn package(function: &str) -> String {
    format!("{function}@{}", env!("CARGO_PKG_VERSION"))
}

/// Builds every function where its binary is missing or old, and says where they are. One test at a time builds: cargo
/// locks the folder. `local` is selected with them, since the features of its dependencies are those of the suite: nothing
/// but the functions themselves is compiled.
pub fn built() -> PathBuf {
    let binaries = binaries();
    let packages: Vec<_> = binaries.iter().map(|function| package(function)).collect();
    build(&packages, &binaries)
}

/// The same of `youhui`, the whole API in one process.
pub fn youhui() -> PathBuf {
    build(&[], &["youhui".to_owned()]).join("youhui")
}

/// Builds binaries of these packages and of `local`.
fn build(packages: &[String], binaries: &[String]) -> PathBuf {
    let suite = env::current_exe().expect("this binary");
    let folder = suite.parent().and_then(Path::parent).expect("the folder of the profile");
    let profile = folder.file_name().and_then(|name| name.to_str()).expect("a profile");
    let mut cargo = cargo();
    cargo.args(["build", "--no-default-features", "--package", "local"]);
    cargo.args(["--profile", if profile == "debug" { "dev" } else { profile }]);
    cargo.arg("--target-dir").arg(folder.parent().expect("the target folder"));
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    cargo.args(binaries.iter().flat_map(|binary| ["--bin", binary]));
    let output = cargo.output().expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder.to_owned()
}
