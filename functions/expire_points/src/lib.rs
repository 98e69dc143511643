//! The job that lets points expire in the shops that have set a time for that. A schedule invokes it, the local server's
//! timer, and `youhui expire`.
//!
//! Once a day of its zone it walks over the customers of each shop; most accounts say by themselves that nothing is due. It
//! works for a bounded time, takes up where the last run stopped, and may run twice at once.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rand::seq::SliceRandom;
use serde::Serialize;
use shared::{
    Error, lambda,
    table::{point_expiry, shops, store::Store},
};

/// How long a run begins new customers: Lambda ends it at 29 s (template.yaml).
const PATIENCE: Duration = Duration::from_secs(20);

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Customers of whom points expired.
    pub customers: u64,
    /// Those points.
    pub points: i64,
    /// Shops for which the time did not suffice; the next run takes them up.
    pub unfinished: u64,
    /// Customers and shops that failed; the next run tries again.
    pub failed: u64,
}

impl lambda::Report for Report {
    fn failures(&self) -> u64 {
        self.failed
    }
}

/// Lets the points of every shop expire that are over at `now`.
///
/// # Errors
/// Where the shops cannot be read; one that fails is counted and left for the next run.
pub async fn run(store: &Store, now: DateTime<Utc>) -> Result<Report, Error> {
    let deadline = Instant::now() + PATIENCE;
    let mut report = Report::default();
    let mut shops = shops::list(store).await?;
    shops.retain(|shop| shop.points_expire_after_months > 0);
    // None comes first every time: a shop that takes longer than a run does not keep the others waiting.
    shops.shuffle(&mut rand::rng());
    for shop in shops {
        match point_expiry::walk(store, &shop, now, deadline).await {
            Ok(walked) => {
                report.customers += walked.customers;
                report.points += walked.points;
                report.failed += walked.failed;
                report.unfinished += u64::from(!walked.done);
            }
            Err(error) => {
                tracing::error!(shop = shop.id.as_str(), %error, "the points of a shop did not expire");
                report.failed += 1;
            }
        }
    }
    Ok(report)
}
