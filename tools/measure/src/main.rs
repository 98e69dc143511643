//! The benchmarks behind the figures in the README: `cargo run --profile bench-local -p measure -- --help`.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, Subcommand};

mod bench;
mod capacity;
mod contention;
mod cost;
mod evaluate;
#[cfg(feature = "tls")]
mod functions;
mod issue;
mod retrying_clients;
mod sale;
mod scale;
mod start;
#[cfg(feature = "tls")]
mod tls;

/// Measures round trips, capacity units, costs and times of the API.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    measure: Measure,
}

#[derive(Subcommand)]
enum Measure {
    /// Round trips and capacity units of each operation against the number of rows.
    Capacity {
        /// The numbers of ledger entries, each for a shop of its own.
        #[arg(long, value_delimiter = ',', default_value = "1000,10000")]
        rows: Vec<u64>,
        /// The numbers of coupon codes, each for a shop of its own.
        #[arg(long, value_delimiter = ',', default_value = "1000,10000")]
        codes: Vec<u64>,
    },
    /// Throughput and conflicts of many clients that change one coupon, limited rule, customer or order, over a model
    /// of the limits of DynamoDB's partitions.
    Contention {
        /// The numbers of clients.
        #[arg(long, value_delimiter = ',', default_value = "1,4,16,64", value_parser = clap::value_parser!(u64).range(1..))]
        clients: Vec<u64>,
        /// The seconds for which each number of clients changes each object.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// The seed of the random changes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Size, start-up time and memory of a function as deployed, in several release profiles. Needs `--features tls`;
    /// builds each profile once, which takes minutes.
    Functions {
        /// The function to measure. The default is the largest.
        #[arg(long, default_value = "coupon_codes")]
        function: String,
        /// The event of events/ that the function is sent.
        #[arg(long, default_value = "coupon_code_get")]
        event: String,
        /// The number of times that each binary is started.
        #[arg(long, default_value_t = 21)]
        times: usize,
        /// The profiles to measure. All by default.
        #[arg(long, value_delimiter = ',')]
        profiles: Vec<String>,
    },
    /// The cost of a shop on AWS at 10 to 100,000 requests a second, from measured units.
    Cost,
    /// The processor time of pricing a cart.
    Evaluate {
        /// The number of times that a cart of 100 lines is priced with 200 rules. Larger carts are priced less often.
        #[arg(long, default_value_t = 1_000)]
        times: u64,
    },
    /// The time of issuing 1 to 1000 codes in one request.
    Issue {
        /// The number of times that each request is sent.
        #[arg(long, default_value_t = 3)]
        times: u64,
    },
    /// A flash sale: many customers claim a coupon with few places, over a model of the limits of DynamoDB's
    /// partitions.
    Sale {
        /// The number of customers who claim.
        #[arg(long, default_value_t = 10_000)]
        claims: u64,
        /// The coupon's `allocation_limit`.
        #[arg(long, default_value_t = 1_000)]
        places: u64,
        /// The seconds within which all customers claim.
        #[arg(long, default_value_t = 60.0)]
        seconds: f64,
        /// The seed of the random moments of the claims.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// The growth of every operation with the number of rows, of an issue with its size, of a job with the due work, of
    /// pricing with lines and rules, and of a mixed load with the clients. Writes CSV files and, with `--features
    /// plots`, charts.
    Scale {
        /// The numbers of rows: ledger entries in one shop, and coupon codes in another.
        #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000", value_parser = clap::value_parser!(u64).range(1_000..))]
        rows: Vec<u64>,
        /// The number of codes of one rule that expire, besides half of the codes in `rows`; 0 for none.
        #[arg(long, default_value_t = 100_000)]
        expire: u64,
        /// The seconds for which the operations of a shop are repeated.
        #[arg(long, default_value_t = 12)]
        seconds: u64,
        /// The seed of the clients' random requests.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The folder for the files.
        #[arg(long, default_value = "docs/scale")]
        out: PathBuf,
    },
    /// The time from the start of `youhui`, built beside this binary, to its first answered request.
    Start {
        /// The number of times that the server is started.
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
