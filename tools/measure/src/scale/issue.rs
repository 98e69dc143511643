//! The growth of an issue with the number of its codes.

use std::time::Duration;

use serde::Serialize;

use super::{operations, per};
use crate::{
    bench::Call,
    capacity::{Stores, codes},
};

/// The numbers of codes in one request.
const SIZES: [(u64, &str); 10] = [
    (1, "1"),
    (2, "2"),
    (5, "5"),
    (10, "10"),
    (20, "20"),
    (50, "50"),
    (100, "100"),
    (200, "200"),
    (500, "500"),
    (1_000, "1000"),
];
/// The number of codes before the first issue.
const ROWS: u64 = 1_000;

/// The cost of a request for this many codes.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) codes: u64,
    pub(super) round_trips: usize,
    pub(super) calls: usize,
    pub(super) read_units_a_code: f64,
    pub(super) write_units_a_code: f64,
    pub(super) samples: usize,
    pub(super) p50_us_a_code: Option<f64>,
    pub(super) processor_us_a_code: Option<f64>,
}

pub(super) async fn run(time: Duration) -> Vec<Row> {
    eprintln!("issue");
    let stores = Stores::start().await;
    let shop = stores.new_shop("issue", ROWS).await;
    codes::load(&stores.near, &shop, ROWS).await;
    let measured = operations::measure(&stores, &shop, ROWS, stage, time).await;
    let row = |(row, (codes, _)): (operations::Row, (u64, &str))| Row {
        codes,
        round_trips: row.round_trips,
        calls: row.calls,
        read_units_a_code: per(row.read_units, codes),
        write_units_a_code: per(row.write_units, codes),
        samples: row.samples,
        p50_us_a_code: row.p50_us.map(|time| per(time, codes)),
        processor_us_a_code: row.processor_us.map(|time| per(time, codes)),
    };
    measured.into_iter().zip(SIZES).map(row).collect()
}

fn stage(_: u64, _: u64) -> Vec<Call> {
    SIZES.into_iter().map(|(codes, name)| codes::issue(name, 1, codes)).collect()
}
