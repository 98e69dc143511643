//! The job that lets points expire, in the shops that have an expiry time for points. A schedule, the local server's
//! timer and `youhui expire` run the job.
//!
//! The job walks over the customers of each shop once on each day of its time zone. Most accounts show by themselves
//! that nothing is due. The job works for a bounded time, and continues where the last run stopped. Two runs at the
//! same time are safe.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rand::seq::SliceRandom;
use serde::Serialize;
use shared::{
    Error, lambda,
    shop::{loyalty, operators::shops},
    store::client::Store,
};

/// The time within which a run starts on new customers. Lambda ends the run at 29 s (template.yaml).
const PATIENCE: Duration = Duration::from_secs(20);

/// The result of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The number of customers whose points expired.
    pub customers: u64,
    /// The number of expired points.
    pub points: i64,
    /// The number of shops for which there was not enough time. The next run continues with them.
    pub unfinished: u64,
    /// The number of customers and shops that failed. The next run tries them again.
    pub failed: u64,
}

impl lambda::Report for Report {
    fn failures(&self) -> u64 {
        self.failed
    }
}

/// Lets the points of every shop expire whose time is over at `now`.
///
/// # Errors
/// [`Error`] if the shops cannot be read. A shop that fails is counted and left for the next run.
pub async fn run(store: &Store, now: DateTime<Utc>) -> Result<Report, Error> {
    let deadline = Instant::now() + PATIENCE;
    let mut report = Report::default();
    let mut shops = shops::list(store).await?;
    shops.retain(|shop| shop.points_expire_after_months > 0);
    // The order is random, so that a shop that takes longer than a run does not block the others.
    shops.shuffle(&mut rand::rng());
    for shop in shops {
        match loyalty::expiry::walk(store, &shop, now, deadline).await {
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
