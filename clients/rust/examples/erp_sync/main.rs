//! Copies a shop into files for an ERP and keeps them up to date. It copies levels, customers, the point history
//! (points that orders earned and lost), price rules, coupons and codes, as one JSON object on each line.
//!
//! ```sh
//! YOUHUI_TOKEN=... cargo run -p youhui-client --example erp_sync -- --url https://api.example.com --out copy
//! ```
//!
//! It walks each list by `id__gt`, and saves its position in a state file after every page. After any end, the next
//! start continues from there: no line is lost, and none is written twice (except customers, see below). When
//! everything is copied, it looks for new rows every minute. A row that exists throughout is never missed, even if
//! other rows are created and deleted at the same time.
//!
//! It does not see some changes:
//! - A change of a copied row: a level, rule or customer that was updated; a code that was used, expired or
//!   transferred. Ask for the rows that matter with `coupon_code_list().status(StatusFilter::Used).walk()` or one by
//!   one by id, or start with a new state file now and then. The point history has no such changes, because it is
//!   append-only.
//! - A deletion of a copied row. Use the same methods.
//! - The order of a ledger entry, if the order changed after the entry was written. Use `order_get`.
//!
//! Customers have the shop's own ids, so that a new customer may have a low id. No customer is ever deleted. If there
//! are more customers than at the last walk, all are walked and written again, and the last line of an id is the valid
//! one.

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
    /// The file with a token that may read. Without it, the token is read from YOUHUI_TOKEN. (Other users of the
    /// machine can see arguments.)
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// The folder for the copies. Use one folder for each shop, because ids start at 1 in each.
    #[arg(long, default_value = "youhui-copy")]
    out: PathBuf,
    /// The state file with the position in each list. It is in the folder of the copies by default.
    #[arg(long)]
    state: Option<PathBuf>,
    /// The seconds between two searches for new rows.
    #[arg(long, default_value_t = 60)]
    every: u64,
    /// Ends after everything is copied. The exit code is 1 if that fails.
    #[arg(long)]
    once: bool,
    /// The seconds within which a row may appear below an existing id: see `place.rs`.
    #[arg(long, default_value_t = 300)]
    margin: u32,
}

#[derive(Debug, thiserror::Error)]
enum MainError {
    #[error("no token: set YOUHUI_TOKEN, or give a file with --token-file ({0})")]
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
                eprintln!("{url}: {error}; next attempt in {} s", arguments.every);
            }
            Err(SyncError::Client(error)) => return Err(MainError::Api(url, error)),
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(Duration::from_secs(arguments.every)).await;
    }
}
