//! The command `youhui report`: the points that a shop owes, and its codes by status.

use std::io;

use crate::bulk::{
    formula,
    report::{self, CodesReport, Counts},
};
use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum, error::ErrorKind};
use devserver::demo;
use indicatif::ProgressBar;
use operator::Command;
use shared::{Error, domain::shop::ShopId};

use super::{CliError, Ended, command, help, operate, place::Where, print, progress::style, show};

/// The subcommands of `report`.
#[derive(Debug, Subcommand)]
pub(super) enum Report {
    /// The points that a shop owed its customers, day by day.
    #[command(after_long_help = help::noted(&[
        "report liability --shop my-shop --data youhui.db",
        "report liability --shop my-shop --from 2026-01-01 --to 2026-01-31 --store aws",
    ], help::LIABILITY))]
    Liability {
        /// The shop to report on.
        #[arg(long, default_value = demo::SHOP)]
        shop: ShopId,
        /// The first day, such as 2026-01-31. The same as the last day by default.
        #[arg(long, value_parser = day)]
        from: Option<NaiveDate>,
        /// The last day; today by default.
        #[arg(long, value_parser = day)]
        to: Option<NaiveDate>,
        #[command(flatten)]
        at: Where,
    },
    /// The number of codes of every coupon: issued, unused, used, expired, claimed, and the places left.
    #[command(after_long_help = help::noted(&[
        "report codes --shop my-shop --data youhui.db",
        "report codes --shop my-shop --format csv --data youhui.db > codes-report.csv",
    ], help::CODES_REPORT))]
    Codes(Codes),
}

/// The flags of `report codes`.
#[derive(Debug, Args)]
pub(super) struct Codes {
    /// The shop to report on.
    #[arg(long, default_value = demo::SHOP)]
    shop: ShopId,
    /// The format of the report.
    #[arg(long, default_value = "table")]
    format: Shown,
    #[command(flatten)]
    at: Where,
}

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shown {
    /// Aligned columns, with the totals.
    Table,
    /// Comma-separated values, without the totals.
    Csv,
    /// JSON, with the totals.
    Json,
}

/// Returns an error about the days of `report liability`, with the usage of that command.
fn wrong_days(what: &str) -> CliError {
    let mut command = command();
    command.build();
    let report = command.find_subcommand_mut("report");
    let error = match report.and_then(|report| report.find_subcommand_mut("liability")) {
        Some(liability) => liability.error(ErrorKind::ValueValidation, what),
        None => clap::Error::raw(ErrorKind::ValueValidation, what),
    };
    error.into()
}

/// Parses a date such as 2026-01-31.
fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|error| format!("{error}: give a date such as 2026-01-31"))
}

impl Report {
    pub(super) async fn run(self) -> Result<Ended, CliError> {
        match self {
            Self::Liability { from: Some(from), to: Some(to), .. } if from > to => {
                return Err(wrong_days("--from is after --to"));
            }
            Self::Liability { shop, from, to, at } => match operate(&at, Command::Liability { shop, from, to }).await {
                Err(CliError::Store(Error::Invalid(_))) => {
                    return Err(wrong_days("--from is after --to, which is today by default"));
                }
                days => show(&days?)?,
            },
            Self::Codes(flags) => {
                let (store, _running) = flags.at.open().await?;
                let bar = ProgressBar::new(0).with_style(style("coupons: {wide_bar} {pos}/{len}")?);
                let report = report::codes(&store, &flags.shop, &bar).await?;
                bar.finish_and_clear();
                match flags.format {
                    Shown::Json => show(&report)?,
                    Shown::Csv => print(csv(&report)?)?,
                    Shown::Table => print(table(&report))?,
                }
            }
        }
        Ok(Ended::Done)
    }
}

/// The columns of the report. The title is last, because its width on the screen is not its length.
const COLUMNS: [&str; 9] =
    ["coupon_id", "code_prefix", "issued", "unused", "used", "expired", "claimed", "places_left", "title"];

fn counts(counts: &Counts) -> [String; 5] {
    let Counts { issued, unused, used, expired, claimed } = counts;
    [issued, unused, used, expired, claimed].map(ToString::to_string)
}

/// Returns the rows of the report, one for each coupon.
fn rows(report: &CodesReport) -> Vec<[String; COLUMNS.len()]> {
    let row = |coupon: &report::CouponCodes| {
        let [issued, unused, used, expired, claimed] = counts(&coupon.codes);
        let left = coupon.places_left.map(|left| left.to_string()).unwrap_or_default();
        let (id, prefix, title) = (coupon.coupon_id.to_string(), coupon.code_prefix.clone(), coupon.title.clone());
        [id, prefix, issued, unused, used, expired, claimed, left, title]
    };
    report.coupons.iter().map(row).collect()
}

fn csv(report: &CodesReport) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in rows(report) {
        writer.write_record(row.iter().map(|cell| formula::guarded(cell)))?;
    }
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

fn table(report: &CodesReport) -> String {
    let mut rows = rows(report);
    let [issued, unused, used, expired, claimed] = counts(&report.totals);
    let nothing = String::new;
    rows.insert(0, COLUMNS.map(str::to_owned));
    rows.push(["total".to_owned(), nothing(), issued, unused, used, expired, claimed, nothing(), nothing()]);
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let widths: Vec<_> = (0..COLUMNS.len() - 1).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            match widths.get(column) {
                // Texts are aligned to the left, numbers to the right.
                Some(width) if column == 1 => text.push_str(&format!("{cell:<width$}  ")),
                Some(width) => text.push_str(&format!("{cell:>width$}  ")),
                None => text.push_str(cell),
            }
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}
