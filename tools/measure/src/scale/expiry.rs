//! The growth of the expiry job with the number of codes of the rule that ended.

use std::time::Instant;

use crate::{
    bench::Bench,
    capacity::{Stores, codes},
};
use serde::Serialize;
use shared::store::{client::Store, meter::Meter};

use super::per;

/// The cost of the job for a rule with this many unused codes at its end.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) codes: u64,
    /// The number of runs of the job, each of at most 20 seconds.
    pub(super) runs: u64,
    pub(super) calls: usize,
    pub(super) read_units_a_code: f64,
    pub(super) write_units_a_code: f64,
    pub(super) seconds: f64,
    pub(super) us_a_code: f64,
}

/// Lets this many codes expire, and returns the cost.
pub(super) async fn run(stores: &Stores, size: u64) -> Row {
    eprintln!("expiry of {size} codes");
    let shop = stores.new_shop("expiry", size).await;
    codes::load_unused(&stores.near, &shop, size).await;
    Bench::new(&stores.near, &shop).await.rows(vec![codes::end_first_rule()]).await;
    let row = settle(&stores.near).await;
    assert_eq!(row.codes, size, "codes were not settled");
    row
}

/// Runs the job until no rule is due. One rule must be due.
pub(super) async fn settle(store: &Store) -> Row {
    let (meter, began, mut codes, mut runs) = (Meter::default(), Instant::now(), 0, 0);
    loop {
        let report = meter.watch(expire_coupon_codes::run(store, chrono::Utc::now())).await.expect("a run");
        assert_eq!(report.failed, 0, "a rule was not settled");
        codes += report.expired;
        runs += 1;
        if report.unfinished == 0 {
            break;
        }
    }
    let (usage, seconds) = (meter.usage(), began.elapsed().as_secs_f64());
    Row {
        codes,
        runs,
        calls: usage.calls,
        read_units_a_code: per(usage.read_units, codes),
        write_units_a_code: per(usage.write_units, codes),
        seconds: per(seconds, 1),
        us_a_code: per(seconds * 1e6, codes),
    }
}
