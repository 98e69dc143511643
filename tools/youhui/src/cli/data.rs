//! The commands `youhui export`, `import` and `issue`: the data of a shop as files.

use std::{io, path::PathBuf};

use crate::bulk::{self, BulkError, DASH, Format, Summary, columns, import::What};
use clap::{Args, Subcommand};
use devserver::demo;
use indicatif::ProgressBar;
use serde_json::json;
use shared::domain::shop::ShopId;

use super::{CliError, Ended, help, place::Where, progress::style, recovery, show};

/// The subcommands of `export`.
#[derive(Debug, Subcommand)]
pub(super) enum Export {
    /// All stored data of a shop, to import it into another table. Nobody may write to the shop during the export.
    #[command(after_long_help = help::plain(&[
        "export shop --shop my-shop --to my-shop.jsonl.gz --data youhui.db",
        "export shop --shop my-shop --to my-shop.jsonl.gz --store aws",
    ]))]
    Shop(recovery::Export),
    /// The customers, sorted by id.
    #[command(after_long_help = help::export(&columns::CUSTOMERS, &[
        "export customers --shop my-shop --to customers.csv --data youhui.db",
        "export customers --shop my-shop --to - --format jsonl --store http://127.0.0.1:PORT | jq .mobile",
    ]))]
    Customers(Out),
    /// The coupon codes, sorted by id: all, or those of a status, a coupon or a customer.
    #[command(after_long_help = help::export(&columns::CODES, &[
        "export codes --shop my-shop --to codes.csv.gz --data youhui.db",
        "export codes --shop my-shop --status unused --coupon 987 --to unused.csv --data youhui.db",
    ]))]
    Codes {
        #[command(flatten)]
        out: Out,
        /// Exports only codes with this status.
        #[arg(long, value_parser = ["unused", "used", "expired", "available"])]
        status: Option<String>,
        /// Exports only codes of the coupon with this id.
        #[arg(long, value_name = "ID", value_parser = coupon_id)]
        coupon: Option<u64>,
        /// Exports only codes of the customer with this id.
        #[arg(long, value_name = "ID")]
        customer: Option<u64>,
    },
    /// The point balance and the level of each customer.
    #[command(after_long_help = help::export(&columns::POINTS, &[
        "export points --shop my-shop --to points.csv --data youhui.db",
    ]))]
    Points(Out),
}

/// The subcommands of `import`.
#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// A whole shop, from a file of `export shop`, into a store that does not have the shop; continues an import that
    /// was interrupted.
    #[command(after_long_help = help::plain(&[
        "import shop --from my-shop.jsonl.gz --data other.db",
        "import shop --from my-shop.jsonl.gz --store aws",
    ]))]
    Shop(recovery::Import),
    /// Customers. Stored customers with the same ids are replaced.
    #[command(after_long_help = help::import(&columns::CUSTOMERS, &[
        "import customers --shop my-shop --from customers.csv --data youhui.db",
        "import customers --shop my-shop --from customers.csv.errors.csv --data youhui.db",
    ], help::CUSTOMERS))]
    Customers(In),
    /// Codes of another system, with the texts that they have there.
    #[command(after_long_help = help::import(&columns::CODES, &[
        "import codes --shop my-shop --from codes.csv --data youhui.db",
    ], help::CODES))]
    Codes(In),
    /// Opening balances: points that are added to the customers' balances.
    #[command(after_long_help = help::import(&columns::POINTS, &[
        "import points --shop my-shop --from points.csv --data youhui.db",
        "import points --shop my-shop --from points.csv --anew --data youhui.db   # adds all of it once more",
    ], help::POINTS))]
    Points(In),
}

/// The flags of an export.
#[derive(Debug, Args)]
pub(super) struct Out {
    /// The shop to export from.
    #[arg(long, default_value = demo::SHOP)]
    shop: ShopId,
    /// The file to write; compressed if its name ends in .gz. `-` is standard output.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// The format of the file, if its name does not tell it.
    #[arg(long)]
    format: Option<Format>,
    /// Begins CSV with a byte order mark, for spreadsheets that do not recognise UTF-8 without it.
    #[arg(long)]
    bom: bool,
    #[command(flatten)]
    at: Where,
}

/// The flags of an import.
#[derive(Debug, Args)]
pub(super) struct In {
    /// The shop to import into.
    #[arg(long, default_value = demo::SHOP)]
    shop: ShopId,
    /// The file to read; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    at: Where,
}

/// The flags of a command that reads a file.
#[derive(Debug, Args)]
struct Reading {
    /// The format of the file of --from, if its name does not tell it.
    #[arg(long)]
    format: Option<Format>,
    /// The file for refused rows. An existing file is replaced only if it is an errors file.
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// Treats the file as new: all its rows are done again, even those that were done before.
    #[arg(long)]
    anew: bool,
}

/// The flags of `issue`.
#[derive(Debug, Args)]
pub(super) struct Issue {
    /// The shop that issues the codes.
    #[arg(long, default_value = demo::SHOP)]
    shop: ShopId,
    /// The code_prefix of the coupon.
    #[arg(long, value_name = "PREFIX")]
    coupon: String,
    /// The file of customers; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The file for the codes: .csv or .jsonl.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    at: Where,
}

/// Parses the id of a coupon.
fn coupon_id(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "give the coupon's id: `youhui report codes` shows it".to_owned())
}

impl Export {
    pub(super) async fn run(self) -> Result<Ended, CliError> {
        let mut filter = bulk::export::Filter::default();
        let (what, out) = match self {
            Self::Shop(flags) => return flags.run().await,
            Self::Customers(out) => (What::Customers, out),
            Self::Points(out) => (What::Points, out),
            Self::Codes { out, status, coupon, customer } => {
                filter = bulk::export::Filter { status, coupon, customer };
                (What::Codes, out)
            }
        };
        let (store, _running) = out.at.open().await?;
        let options = bulk::export::Options { format: out.format, bom: out.bom, filter };
        let bar = ProgressBar::new(0).with_style(style("{msg}: {wide_bar} {pos}/{len}, {per_sec}, {eta}")?);
        let to_stdout = out.to.as_os_str() == DASH;
        let exported = bulk::export::export(&store, &out.shop, what, &out.to, &options, &bar).await;
        bar.finish_and_clear();
        match exported {
            Ok(_) if to_stdout => {}
            Ok(rows) => show(&json!({ "rows": rows, "file": out.to }))?,
            // A closed pipe is no error: its reader, such as `head`, has read enough.
            Err(BulkError::Io { error, .. }) if to_stdout && error.kind() == io::ErrorKind::BrokenPipe => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Ended::Done)
    }
}

impl Import {
    pub(super) async fn run(self) -> Result<Ended, CliError> {
        let (what, flags) = match self {
            Self::Shop(flags) => return flags.run().await,
            Self::Customers(flags) => (What::Customers, flags),
            Self::Codes(flags) => (What::Codes, flags),
            Self::Points(flags) => (What::Points, flags),
        };
        let (store, _running) = flags.at.open().await?;
        let options = flags.reading.options();
        let bar = reading_bar()?;
        let summary = bulk::import::import(&store, &flags.shop, what, &flags.from, &options, &bar).await?;
        bar.finish_and_clear();
        ended(&summary, "import that file")
    }
}

impl Issue {
    pub(super) async fn run(self) -> Result<Ended, CliError> {
        let (store, _running) = self.at.open().await?;
        let options = self.reading.options();
        let bar = reading_bar()?;
        let files = (self.from.as_path(), self.to.as_path());
        let summary = bulk::issue::issue(&store, &self.shop, &self.coupon, files, &options, &bar).await?;
        bar.finish_and_clear();
        ended(&summary, "issue with --from that file and another --to")
    }
}

impl Reading {
    fn options(self) -> bulk::import::Options {
        let Self { format, errors, anew } = self;
        bulk::import::Options { format, errors, anew }
    }
}

/// Shows the result of a transfer. `again` tells how to send the refused rows again.
fn ended(summary: &Summary, again: &str) -> Result<Ended, CliError> {
    show(summary)?;
    let Some(errors) = summary.errors.as_deref() else { return Ok(Ended::Done) };
    let (errors, unread) = (errors.display(), summary.unread);
    if summary.refused > unread {
        eprintln!(
            "Correct the rows in {errors}, then {again}. If the cause was outside the file and is solved, the file \
            needs no change. A row that says that it needs nothing more is done. Reading the first file again does \
            not try its refused rows again, as long as its .progress file exists."
        );
    }
    if unread > 0 {
        let rows = if unread == 1 { "1 row".to_owned() } else { format!("{unread} rows") };
        eprintln!(
            "{rows} could not be read: {errors} has the line numbers and the reason, but not the row. Correct these \
            lines of the first file, and put them into a file of their own."
        );
    }
    Ok(Ended::RowsRefused)
}

fn reading_bar() -> Result<ProgressBar, CliError> {
    Ok(ProgressBar::new(0).with_style(style("{msg}: {wide_bar} {bytes}/{total_bytes}, {eta}")?))
}
