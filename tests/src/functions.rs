//! The binaries of the functions, built in the profile of the suite instead of the release profile.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use devserver::template::Template;

/// Prefixes of variables that cargo and the test runner set for this process. Build scripts would see them as a change.
const OURS: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "NEXTEST"];

/// Returns the names of all binaries that template.yaml deploys.
pub fn binaries() -> Vec<String> {
    let template = Template::read().expect("template.yaml");
    template.functions().map(|(binary, _)| binary.to_owned()).collect()
}

/// Returns a cargo command for this repository, without the variables of the running test.
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

/// Returns the package id of a function for cargo. The version is part of it, because a crate of a registry may have
/// the same name.
pub fn package(function: &str) -> String {
    format!("{function}@{}", env!("CARGO_PKG_VERSION"))
}

/// Builds every function whose binary is missing or old, and returns the folder of the binaries. Cargo locks the target
/// folder, so that one test builds at a time. `youhui` is selected as well, because the features of its dependencies
/// equal those of the suite: only the functions themselves are compiled.
pub fn built() -> PathBuf {
    let binaries = binaries();
    let packages: Vec<_> = binaries.iter().map(|function| package(function)).collect();
    build(&packages, &binaries)
}

/// Builds `youhui`, the whole API in one process, and returns its path.
pub fn youhui() -> PathBuf {
    build(&[], &["youhui".to_owned()]).join("youhui")
}

/// Builds binaries of these packages and of `youhui`.
fn build(packages: &[String], binaries: &[String]) -> PathBuf {
    let suite = env::current_exe().expect("this binary");
    let folder = suite.parent().and_then(Path::parent).expect("the folder of the profile");
    let profile = folder.file_name().and_then(|name| name.to_str()).expect("a profile");
    let mut cargo = cargo();
    cargo.args(["build", "--no-default-features", "--package", "youhui"]);
    cargo.args(["--profile", if profile == "debug" { "dev" } else { profile }]);
    cargo.arg("--target-dir").arg(folder.parent().expect("the target folder"));
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    cargo.args(binaries.iter().flat_map(|binary| ["--bin", binary]));
    let output = cargo.output().expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder.to_owned()
}
