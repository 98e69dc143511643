//! `youhui`: the whole API on this machine, and the operator's commands.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match local::cli::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("youhui: {error}");
            ExitCode::FAILURE
        }
    }
}
