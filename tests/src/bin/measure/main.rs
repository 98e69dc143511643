//! What the claims of the README rest on: `cargo run --profile bench-local -p tests --bin measure -- --help`.

use clap::{Parser, Subcommand};

mod capacity;
mod start;

/// Measures round trips and capacity units, and the start of the local server.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    measure: Measure,
}

#[derive(Subcommand)]
enum Measure {
    /// Round trips and capacity units of each operation against the number of rows.
    Capacity {
        /// Numbers of point history entries.
        #[arg(long, value_delimiter = ',', default_value = "1000,10000")]
        rows: Vec<u64>,
    },
    /// From the start of the built `youhui` beside this binary to its first answered request.
    Start {
        /// How often.
        #[arg(long, default_value_t = 10)]
        times: usize,
    },
}

#[tokio::main]
async fn main() {
    match Cli::parse().measure {
        Measure::Capacity { rows } => capacity::run(&rows).await,
        Measure::Start { times } => start::run(times).await,
    }
}
