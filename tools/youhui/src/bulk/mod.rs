//! Customers, codes and point balances as CSV or JSON Lines, out of a shop and into it.
//!
//! * Everything goes through the routers of the functions in this process ([`shop_api`]): what is right, and what is said of
//!   what is wrong, is the API's alone.
//! * [`import`] and [`issue`] read a file once, in groups of which a few are under way at a time. A refused row goes to an
//!   errors file, and the rest of its group is sent again.
//! * Nothing happens twice: every group goes under an idempotency key that is made of the file
//!   ([`shared::table::transfers`]) and of its first row, and is kept for years. The [`journal`] beside the file only saves
//!   the time of going through all of it again.

use std::{io, path::PathBuf};

use serde_json::Value;
use shared::{Error, domain::shop::ShopId};

use source::is_dash;

mod beginning;
pub mod columns;
pub mod export;
mod first;
pub mod formula;
mod groups;
mod header;
pub mod import;
pub mod issue;
mod journal;
mod lists;
mod output;
pub mod quotes;
mod records;
mod refusals;
pub mod report;
mod rows;
mod shop_api;
mod shortened;
mod source;
mod transfer;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values, UTF-8, with a header.
    Csv,
    /// JSON Lines: an object a line.
    Jsonl,
}

impl Format {
    /// By the end of a name, before `.gz`.
    pub(crate) fn of_name(path: &std::path::Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let name = name.strip_suffix(".gz").unwrap_or(name);
        match name.rsplit_once('.')?.1 {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }

    /// What the name of such a file ends in.
    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    /// The one that is asked for, or else that of the name; `-` has none.
    fn choose(asked: Option<Self>, path: &std::path::Path) -> Result<Self, BulkError> {
        asked.or_else(|| Self::of_name(path)).ok_or_else(|| BulkError::NoFormat(path.to_owned()))
    }
}

/// Standard input or output instead of a file.
pub const DASH: &str = "-";

/// Why nothing, or only a part, was moved. The same command again goes on where this one ended.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// The store failed.
    #[error("{0}")]
    Store(#[from] Error),
    /// The shop is not in the store.
    #[error("there is no shop {0}: `youhui shop list` shows those that are there")]
    NoShop(ShopId),
    /// The coupon is not in the shop.
    #[error("there is no coupon with the prefix {0} (capitals matter): `youhui report codes` shows them")]
    NoCoupon(String),
    /// What an export is to select by is not in the shop.
    #[error("there is no {what} {id}")]
    Nothing {
        /// Such as `coupon`.
        what: &'static str,
        /// What is no id of one.
        id: u64,
    },
    /// The API refused what should be right, or was not available for long.
    #[error("{what}: {status} {body}")]
    Answer {
        /// What was asked.
        what: String,
        /// The status.
        status: u16,
        /// The body.
        body: Value,
    },
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file is not what it should be, so that none of its rows can be read from here on.
    #[error("{path}: {what}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Neither the name of a file nor `--format` says how it is written.
    #[error("{0}: {how}", how = if is_dash(.0) { "say --format csv or jsonl" } else { "is it csv or jsonl? Name it so, or say --format csv" })]
    NoFormat(PathBuf),
    /// The file is another one than that whose transfer is noted beside it.
    #[error(
        "{path} was changed since it was moved in, wholly or in part. Rows that were moved in would count twice: mend and \
         import the rows of its errors file, or give new rows a file of their own. --anew takes all of it for new rows."
    )]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The codes of another file went to the file of codes, or those of this one before it was changed: which, is not known.
    #[error(
        "{to}: the codes of another file went here, or those of {from} before it was changed. Give another --to: there each row \
         of {from} gets a code, also where it had one."
    )]
    Taken {
        /// The file that is read.
        from: PathBuf,
        /// The file of codes.
        to: PathBuf,
    },
    /// Another process moves the same file in.
    #[error("{0} is at work: another process moves this file in")]
    Busy(PathBuf),
    /// More codes are asked for than the quota of the coupon allows.
    #[error(
        "coupon {prefix} has places for {left} more, and {rows} customers are named: nothing is issued. Raise the rule's \
         allocation_limit{end}",
        end = if *left == 0 { String::new() } else { format!(", or end the file after row {left}") }
    )]
    Quota {
        /// The coupon.
        prefix: String,
        /// How many codes can be issued.
        left: u64,
        /// How many are asked for.
        rows: u64,
    },
}

/// What came of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// The rows of the file.
    pub rows: u64,
    /// Those that are in the shop now, or were before.
    pub accepted: u64,
    /// Those that were refused.
    pub refused: u64,
    /// Those of the refused that could not be read: the errors file has no more than their numbers.
    #[serde(skip_serializing_if = "is_zero")]
    pub unread: u64,
    /// Where the refused rows stand, with the reasons.
    pub errors: Option<PathBuf>,
    /// Whether all was done before.
    pub done_before: bool,
    /// What may not be meant, though nothing is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

fn is_zero(rows: &u64) -> bool {
    *rows == 0
}

fn at(path: &std::path::Path) -> impl Fn(io::Error) -> BulkError + '_ {
    move |error| BulkError::Io { path: path.to_owned(), error }
}
