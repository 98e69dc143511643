//! Files of customers, codes and point balances, as CSV or JSON Lines: export, import and issue.
//!
//! * Every row goes through the routers of the functions in this process ([`shop_api`]). So the API alone decides what
//!   is valid, and error messages are those of the API.
//! * [`import`] and [`issue`] read a file once and send its rows in groups, a few at the same time. A refused row goes
//!   to an errors file, and the rest of its group is sent again.
//! * No row takes effect twice. Every group has an idempotency key, which is kept for ten years. It is made of the
//!   file's transfer ([`shared::shop::operators::transfers`]) and the number of the group's first row. The [`journal`]
//!   beside the file only saves the time of sending all rows again.

use std::{io, path::PathBuf};

use serde_json::Value;
use shared::{Error, domain::shop::ShopId};

use source::is_dash;

pub mod columns;
pub mod export;
pub mod formula;
mod groups;
mod header;
pub mod import;
pub mod issue;
mod journal;
mod kind;
mod lists;
mod output;
pub mod quotes;
mod records;
mod refusals;
pub mod report;
mod row_identity;
mod rows;
mod shop_api;
mod shortened;
mod source;
mod start;
mod transfer;

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values, UTF-8, with a header.
    Csv,
    /// JSON Lines: one object on each line.
    Jsonl,
}

impl Format {
    /// Returns the format that a file name ends with, before `.gz`.
    pub(crate) fn of_name(path: &std::path::Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let name = name.strip_suffix(".gz").unwrap_or(name);
        match name.rsplit_once('.')?.1 {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }

    /// Returns the ending of a file name in this format.
    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    /// Returns the requested format, or that of the file name. `-` has none.
    fn choose(asked: Option<Self>, path: &std::path::Path) -> Result<Self, BulkError> {
        asked.or_else(|| Self::of_name(path)).ok_or_else(|| BulkError::NoFormat(path.to_owned()))
    }
}

/// The path that stands for standard input or standard output.
pub const DASH: &str = "-";

/// The reason that a file was not transferred, or only in part. The same command continues where this one ended.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// The store failed.
    #[error("{0}")]
    Store(#[from] Error),
    /// The shop does not exist in the store.
    #[error("there is no shop {0}: `youhui shop list` shows the shops")]
    NoShop(ShopId),
    /// No coupon of the shop has this prefix.
    #[error(
        "there is no coupon with the prefix {0} (upper and lower case differ): `youhui report codes` shows the coupons"
    )]
    NoCoupon(String),
    /// The coupon or customer that selects the codes of an export does not exist.
    #[error("there is no {what} {id}")]
    Nothing {
        /// The kind of object, such as `coupon`.
        what: &'static str,
        /// The id that was not found.
        id: u64,
    },
    /// The API gave an unexpected answer, or was unavailable for too long.
    #[error("{what} was answered with {status}: {body}")]
    Answer {
        /// The request: method and path.
        what: String,
        /// The status of the answer.
        status: u16,
        /// The body of the answer.
        body: Value,
    },
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// A file is invalid, and none of its further rows can be read.
    #[error("{path}: {what}")]
    File {
        /// The path of the file.
        path: PathBuf,
        /// A description of the error.
        what: String,
    },
    /// Neither the file name nor `--format` gives the format.
    #[error(
        "{0}: {how}give --format csv or jsonl",
        how = if is_dash(.0) { "" } else { "name the file .csv or .jsonl, or " }
    )]
    NoFormat(PathBuf),
    /// The journal beside the file describes a transfer of other contents.
    #[error(
        "{path} was changed after all or part of it was imported. Its imported rows would count twice. Correct and \
        import the rows of its errors file, or put new rows into a file of their own. --anew imports all its rows as \
        new."
    )]
    Changed {
        /// The path of the file.
        path: PathBuf,
    },
    /// The file of codes has the codes of another file, or those of this file before it was changed. It is not known
    /// which.
    #[error(
        "{to} has the codes of another file, or those of {from} before it was changed. Give another --to. Every row of \
         {from} then gets a code, even if it had one before."
    )]
    Taken {
        /// The file of customers.
        from: PathBuf,
        /// The file of codes.
        to: PathBuf,
    },
    /// Another process transfers the same file.
    #[error("{0} is in use: another process is at work on this file; wait until it ends")]
    Busy(PathBuf),
    /// More codes are requested than the quota of the coupon allows.
    #[error(
        "coupon {prefix} allows {left} more codes, and the file names {rows} customers. No code was issued. Raise the \
        rule's allocation_limit{end}",
        end = if *left == 0 { String::new() } else { format!(", or end the file after row {left}") }
    )]
    Quota {
        /// The prefix of the coupon.
        prefix: String,
        /// The number of codes that can still be issued.
        left: u64,
        /// The number of requested codes.
        rows: u64,
    },
}

/// The result of a transfer.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// The number of rows in the file.
    pub rows: u64,
    /// The number of rows that are in the shop, from this run or an earlier one.
    pub accepted: u64,
    /// The number of refused rows.
    pub refused: u64,
    /// The number of refused rows that could not be read. The errors file has their numbers and errors, but no cells.
    #[serde(skip_serializing_if = "is_zero")]
    pub unread: u64,
    /// The path of the errors file, if a row was refused.
    pub errors: Option<PathBuf>,
    /// True if an earlier run had already done all rows.
    pub done_before: bool,
    /// Warnings about results that the user may not expect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

fn is_zero(rows: &u64) -> bool {
    *rows == 0
}

fn at(path: &std::path::Path) -> impl Fn(io::Error) -> BulkError + '_ {
    move |error| BulkError::Io { path: path.to_owned(), error }
}
