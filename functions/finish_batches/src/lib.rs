//! The job that finishes interrupted work. It finishes an import whose process died, undoes an issue of codes whose
//! process died, and removes the unused codes of deleted coupons. A schedule and the local server's timer run the job.
//!
//! The job can be repeated, and two runs at the same time are safe: a batch belongs to one process at a time, and a
//! code is removed only once.

use std::time::{Duration, Instant};

use serde::Serialize;
use shared::{
    Error, lambda,
    shop::{
        crm,
        discounts::{codes, coupons, rules},
        operators::shops,
    },
    store::{
        batches::{self, DueBatch},
        client::Store,
    },
    wire::customer_import,
};

/// The time within which a run starts to remove codes. Lambda ends the run at 29 s (template.yaml).
const PATIENCE: Duration = Duration::from_secs(15);

/// The result of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The number of interrupted batches that are now finished.
    pub finished: usize,
    /// The number of batches that another process works on.
    pub at_work: usize,
    /// The number of deleted coupons that have no unused code left.
    pub coupons: usize,
    /// The number of removed codes of deleted coupons.
    pub codes: u64,
    /// The number of batches and coupons that failed. The next run tries them again.
    pub failed: u64,
}

impl lambda::Report for Report {
    fn failures(&self) -> u64 {
        self.failed
    }
}

/// Finishes the batches and removals that are due.
///
/// # Errors
/// [`Error`] if the index of due work cannot be read. Work that fails is counted and left for the next run.
pub async fn run(store: &Store) -> Result<Report, Error> {
    let mut report = Report::default();
    for due in batches::due(store).await? {
        match finish(store, &due).await {
            Ok(()) => report.finished += 1,
            Err(Error::AtWork { .. }) => report.at_work += 1,
            Err(error) => {
                tracing::error!(batch = due.batch, shop = due.shop.as_str(), %error, "a batch failed");
                report.failed += 1;
            }
        }
    }
    let deadline = Instant::now() + PATIENCE;
    for due in rules::overlay::due_coupons(store).await? {
        match coupons::removal::remove(store, &due.shop, due.id, deadline).await {
            Ok(removed) => {
                report.codes += removed.codes;
                report.coupons += usize::from(removed.done);
            }
            Err(error) => {
                tracing::error!(coupon = due.id, shop = due.shop.as_str(), %error, "a deleted coupon was not removed");
                report.failed += 1;
            }
        }
    }
    Ok(report)
}

async fn finish(store: &Store, due: &DueBatch) -> Result<(), Error> {
    let shop = shops::get(store, &due.shop).await?.ok_or(Error::NotFound)?;
    let mut batch = batches::adopt(store, &due.shop, &due.batch).await?;
    match batch.kind.as_str() {
        crm::import::KIND => customer_import::finish(store, &shop, batch).await.map(|_| ()),
        codes::issue::KIND => codes::undo::undo(store, &mut batch).await,
        other => Err(Error::Internal(format!("unknown kind of batch: {other}"))),
    }
}
