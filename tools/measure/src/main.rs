//! What the claims of the README rest on: `cargo run --profile bench-local -p tests --bin measure -- --help`.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, Subcommand};

mod bench;
mod capacity;
mod contention;
mod cost;
mod crowd;
mod evaluate;
#[cfg(feature = "tls")]
mod functions;
mod issue;
mod sale;
mod scale;
mod start;
#[cfg(feature = "tls")]
mod tls;

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
        /// Numbers of coupon codes.
        #[arg(long, value_delimiter = ',', default_value = "1000,10000")]
        codes: Vec<u64>,
    },
    /// Clients that all change one thing: a coupon, a rule with a limit, a customer, an order; over a model of the limits of
    /// DynamoDB's partitions.
    Contention {
        /// Numbers of clients.
        #[arg(long, value_delimiter = ',', default_value = "1,4,16,64", value_parser = clap::value_parser!(u64).range(1..))]
        clients: Vec<u64>,
        /// For how many seconds each number of them changes each thing.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// What their changes are drawn from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Size, start and memory of a function as deployed, for several release profiles; wants `--features tls` and builds
    /// each profile once, for minutes.
    Functions {
        /// Which function; the largest by default.
        #[arg(long, default_value = "coupon_codes")]
        function: String,
        /// What it is sent: an event of events/.
        #[arg(long, default_value = "coupon_code_get")]
        event: String,
        /// How often each is started.
        #[arg(long, default_value_t = 21)]
        times: usize,
        /// Only these profiles.
        #[arg(long, value_delimiter = ',')]
        profiles: Vec<String>,
    },
    /// What a shop's day costs on AWS at 10 to 100,000 requests a second, from measured units.
    Cost,
    /// The processor time of pricing a cart.
    Evaluate {
        /// How often a cart of 100 lines is priced with 200 rules; larger ones less often.
        #[arg(long, default_value_t = 1_000)]
        times: u64,
    },
    /// How long 1 to 1000 codes take in one request.
    Issue {
        /// How often.
        #[arg(long, default_value_t = 3)]
        times: u64,
    },
    /// A crowd that claims a coupon of few places, over a model of the limits of DynamoDB's partitions.
    Sale {
        /// How many customers claim.
        #[arg(long, default_value_t = 10_000)]
        claims: u64,
        /// The coupon's `allocation_limit`.
        #[arg(long, default_value_t = 1_000)]
        places: u64,
        /// Within how many seconds they come.
        #[arg(long, default_value_t = 60.0)]
        seconds: f64,
        /// What their moments are drawn from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// What every operation takes against the number of rows, an issue against its size, a job against what is due, a cart
    /// against lines and rules, and a mixed load against clients: as CSV files and, with `--features plots`, pictures.
    Scale {
        /// Numbers of rows: of point history entries in one shop, of coupon codes in another.
        #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000", value_parser = clap::value_parser!(u64).range(1_000..))]
        rows: Vec<u64>,
        /// How many codes of one rule expire besides half of those rows; 0 for none.
        #[arg(long, default_value_t = 100_000)]
        expire: u64,
        /// For how many seconds the operations of a shop are repeated.
        #[arg(long, default_value_t = 12)]
        seconds: u64,
        /// What the clients draw their requests from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The folder of the files.
        #[arg(long, default_value = "docs/scale")]
        out: PathBuf,
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
    tests::described::look_away();
    match Cli::parse().measure {
        Measure::Capacity { rows, codes } => capacity::run(&rows, &codes).await,
        Measure::Contention { clients, seconds, seed } => {
            contention::run(&clients, Duration::from_secs(seconds), seed).await;
        }
        #[cfg(feature = "tls")]
        Measure::Functions { function, event, times, profiles } => {
            functions::run(&function, &event, times, &profiles).await;
        }
        #[cfg(not(feature = "tls"))]
        Measure::Functions { .. } => {
            eprintln!(
                "Build it with TLS: cargo run --profile bench-local -p tests --features tls --bin measure -- functions"
            );
            std::process::exit(2);
        }
        Measure::Cost => cost::run().await,
        Measure::Evaluate { times } => evaluate::run(times),
        Measure::Issue { times } => issue::run(times).await,
        Measure::Sale { claims, places, seconds, seed } => sale::run(claims, places, seconds, seed).await,
        Measure::Scale { rows, expire, seconds, seed, out } => {
            scale::run(&scale::Options { rows, expire, time: Duration::from_secs(seconds), seed, out }).await;
        }
        Measure::Start { times } => start::run(times).await,
    }
}
