//! Copies a shop into files for an ERP and keeps them up to date: levels, customers, the point history (what orders earned
//! and lost), price rules, coupons and codes, one JSON object a line.
//!
//! ```sh
//! YOUHUI_TOKEN=... cargo run -p youhui-client --example erp_sync -- --url https://api.example.com --out copy
//! ```
//!
//! It walks each list by `id__gt`, keeps its place in a state file after every page, and goes on there when it is started again,
//! however it ended: no line is lost and none stands twice (customers: see below). When all is copied it looks for what is
//! new, every minute. A row that was there throughout is never missed, whatever else is created and deleted meanwhile.
//!
//! What it cannot see, and how to see it:
//! - A change of a row that was copied: a level, rule or customer that was put again, a code that was used, expired or given to
//!   somebody else. Ask for what matters: `coupon_code_list().status(StatusFilter::Used).walk()`, one row by its id, or start with
//!   a new state file now and then. The point history has no such changes: it is append-only.
//! - A deletion of a row that was copied: the same.
//! - The order behind an entry of the point history after it was written: `order_get`.
//!
//! Customers have the shop's own ids, so their order says nothing of what is new. None is ever deleted: when there are more than
//! at the last walk, all are walked and written again, and the last line of an id counts.

mod place;
mod sync;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use chrono::TimeDelta;
use clap::Parser;
use youhui_client::Client;

use crate::sync::{Sync, SyncError};

/// Copies a shop into files and keeps them up to date.
#[derive(Debug, Parser)]
struct Arguments {
    /// The address of the API without /api/, such as https://api.example.com.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The file that holds a token that may read; without, the token is in YOUHUI_TOKEN. (Others see what is in arguments.)
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// The folder of the copies: one for each shop, since ids begin at 1 in each.
    #[arg(long, default_value = "youhui-copy")]
    out: PathBuf,
    /// The file that says how far they are; in the folder without.
    #[arg(long)]
    state: Option<PathBuf>,
    /// How many seconds to wait between looking for what is new.
    #[arg(long, default_value_t = 60)]
    every: u64,
    /// Ends when all is copied, or with exit code 1 where that fails.
    #[arg(long)]
    once: bool,
    /// For how many seconds a row can come to be below one that is there: see `place.rs`.
    #[arg(long, default_value_t = 300)]
    margin: u32,
}

#[derive(Debug, thiserror::Error)]
enum MainError {
    #[error("no token: set YOUHUI_TOKEN, or name a file by --token-file ({0})")]
    Token(String),
    #[error("{0}: {1}")]
    Api(String, youhui_client::Error),
    #[error(transparent)]
    Sync(#[from] SyncError),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn token(file: Option<&PathBuf>) -> Result<String, MainError> {
    let text = match file {
        Some(file) => std::fs::read_to_string(file).map_err(|error| error.to_string()),
        None => std::env::var("YOUHUI_TOKEN").map_err(|error| error.to_string()),
    };
    Ok(text.map_err(MainError::Token)?.trim().to_owned())
}

async fn run(arguments: Arguments) -> Result<(), MainError> {
    let token = token(arguments.token_file.as_ref())?;
    let url = arguments.url;
    let client = Client::builder(&url, token).user_agent("erp-sync/1").build();
    let client = client.map_err(|error| MainError::Api(url.clone(), error))?;
    let state = arguments.state.unwrap_or_else(|| arguments.out.join("state.json"));
    let mut sync = Sync::new(client, arguments.out, state, TimeDelta::seconds(arguments.margin.into()))?;
    loop {
        match sync.round().await {
            Ok(copied) => {
                let copied: Vec<_> = copied.into_iter().map(|(name, rows)| format!("{name} {rows}")).collect();
                println!("copied: {}", copied.join(", "));
                if arguments.once {
                    return Ok(());
                }
            }
            Err(SyncError::Client(error)) if error.is_transient() && !arguments.once => {
                eprintln!("{url}: {error}; again in {} s", arguments.every);
            }
            Err(SyncError::Client(error)) => return Err(MainError::Api(url, error)),
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(Duration::from_secs(arguments.every)).await;
    }
}
