//! The job that expires points, in shops whose points expire. A schedule invokes it, and so do the local server's timer and
//! `youhui expire`.
//!
//! It reads the customers of each shop once a day in the shop's zone. Most accounts show that nothing is due. It works for
//! a bounded time, continues after the last run, and may run twice at once.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rand::seq::SliceRandom;
use serde::Serialize;
use shared::{
    Error, lambda,
    table::{point_expiry, shops, store::Store},
};

/// The time in which a run begins new customers. Lambda ends it after 29 s (template.yaml).
const PATIENCE: Duration = Duration::from_secs(20);

/// The result of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Customers whose points expired.
    pub customers: u64,
    /// Points that expired.
    pub points: i64,
    /// Shops that are left for the next run, for lack of time.
    pub unfinished: u64,
    /// Customers and shops that failed. The next run tries again.
    pub failed: u64,
}

impl lambda::Report for Report {
    fn failures(&self) -> u64 {
        self.failed
    }
}

/// Expires the points of every shop that are due at `now`.
///
/// # Errors
/// A failure to read the shops. A shop that fails is counted and left for the next run.
pub async fn run(store: &Store, now: DateTime<Utc>) -> Result<Report, Error> {
    let deadline = Instant::now() + PATIENCE;
    let mut report = Report::default();
    let mut shops = shops::list(store).await?;
    shops.retain(|shop| shop.points_expire_after_months > 0);
    // The order is random, so that a shop that takes longer than a run does not block the others.
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
