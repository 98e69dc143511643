//! How everything grows: one run that ends in a table for each subject, as a CSV file and, with the feature `plots`, as a
//! picture. docs/scale/README.md says what is measured and what is a model.

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

/// What is run.
pub(crate) struct Options {
    /// At least 1,000 each.
    pub(crate) rows: Vec<u64>,
    pub(crate) expire: u64,
    /// For how long the operations of a shop are repeated.
    pub(crate) time: Duration,
    pub(crate) seed: u64,
    pub(crate) out: PathBuf,
}

/// Measures everything, writes the files, and prints which operations grow. What takes the longest comes last, and each
/// table is written once there is a row of it: a run of millions that is stopped keeps what it has.
pub(crate) async fn run(options: &Options) {
    fs::create_dir_all(&options.out).expect("a folder");
    let issue = issue::run(options.time).await;
    write(options, "issue", &issue);
    let evaluation = evaluation::run();
    write(options, "evaluation", &evaluation);
    let clients = clients::run(options.seed).await;
    write(options, "clients", &clients);
    #[cfg_attr(not(feature = "plots"), expect(unused_variables, reason = "only the picture wants it"))]
    let (operations, expiry) = shops(options).await;
    operations::print_growth(&operations);
    #[cfg(feature = "plots")]
    pictures::draw_all(&pictures::Tables { operations, issue, expiry, evaluation, clients }, &options.out);
    #[cfg(not(feature = "plots"))]
    eprintln!("Pictures want `--features plots`.");
}

/// Each number of rows in a shop of entries and in one of codes, whose first coupon expires at the end.
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

/// What so many percent took at the most, in microseconds; none of nothing.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Option<f64> {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().map(microseconds)
}

fn microseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round()
}

/// Three places are enough.
fn per(total: f64, count: u64) -> f64 {
    (total / count as f64 * 1e3).round() / 1e3
}
