//! The growth of everything with its size. One run writes a table for each subject, as a CSV file and, with the feature
//! `plots`, as a chart. docs/scale/README.md says which figures are measured and which come from a model.

use std::{fs, path::PathBuf, time::Duration};

use serde::Serialize;

use crate::capacity::{Kind, Stores};

mod clients;
mod evaluation;
mod expiry;
mod issue;
mod operations;
#[cfg(feature = "plots")]
mod pictures;
#[cfg(feature = "plots")]
mod plot;

/// The options of a run.
pub(crate) struct Options {
    /// The numbers of rows, at least 1,000 each.
    pub(crate) rows: Vec<u64>,
    pub(crate) expire: u64,
    /// The time for which the operations of a shop are repeated.
    pub(crate) time: Duration,
    pub(crate) seed: u64,
    pub(crate) out: PathBuf,
}

/// Measures everything, writes the files, and prints the operations that grow. The longest measurement comes last, and
/// each table is written after each of its rows, so that a stopped run keeps its results.
pub(crate) async fn run(options: &Options) {
    fs::create_dir_all(&options.out).expect("a folder");
    let issue = issue::run(options.time).await;
    write(options, "issue", &issue);
    let evaluation = evaluation::run();
    write(options, "evaluation", &evaluation);
    let clients = clients::run(options.seed).await;
    write(options, "clients", &clients);
    #[cfg_attr(not(feature = "plots"), expect(unused_variables, reason = "only the chart uses it"))]
    let (operations, expiry) = shops(options).await;
    operations::print_growth(&operations);
    #[cfg(feature = "plots")]
    pictures::draw_all(&pictures::Tables { operations, issue, expiry, evaluation, clients }, &options.out);
    #[cfg(not(feature = "plots"))]
    eprintln!("Charts need `--features plots`.");
}

/// Measures each number of rows in a shop of entries and in a shop of codes. The codes of its first coupon expire at
/// the end.
async fn shops(options: &Options) -> (Vec<operations::Row>, Vec<expiry::Row>) {
    let stores = Stores::start().await;
    let (mut rows, mut expired) = (Vec::new(), Vec::new());
    if options.expire > 0 {
        expired.push(expiry::run(&stores, options.expire).await);
    }
    for &size in &options.rows {
        for kind in [Kind::Entries, Kind::Codes] {
            eprintln!("{size} rows");
            let shop = kind.load(&stores, size).await;
            let stages = kind.stages();
            for stage in stages {
                let time = options.time / u32::try_from(stages.len()).unwrap_or(1);
                rows.extend(operations::measure(&stores, &shop, size, *stage, time).await);
            }
            write(options, "operations", &rows);
        }
        expired.push(expiry::settle(&stores.near).await);
        expired.sort_by_key(|row| row.codes);
        write(options, "expiry", &expired);
    }
    (rows, expired)
}

fn write<T: Serialize>(options: &Options, name: &str, rows: &[T]) {
    let path = options.out.join(format!("{name}.csv"));
    let mut writer = csv::Writer::from_path(&path).expect("a file");
    for row in rows {
        writer.serialize(row).expect("a row");
    }
    writer.flush().expect("written");
}

/// Returns a percentile in microseconds; `None` for an empty list.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Option<f64> {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().map(microseconds)
}

fn microseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round()
}

/// Returns the quotient, rounded to three places.
fn per(total: f64, count: u64) -> f64 {
    (total / count as f64 * 1e3).round() / 1e3
}
