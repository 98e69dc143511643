//! `youhui`: the whole API on this machine, and the operator's commands.

use std::process::ExitCode;

use youhui::cli::CliError;

#[tokio::main]
async fn main() -> ExitCode {
    match youhui::cli::run(std::env::args_os()).await {
        Ok(ended) => ended.into(),
        Err(CliError::Usage(error)) => error.exit(),
        Err(error) => {
            eprintln!("youhui: {error}");
            ExitCode::FAILURE
        }
    }
}
