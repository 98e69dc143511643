//! The job that finishes what was begun: batches whose process died (an import is finished, an issue of codes is undone),
//! and the end of deleted coupons, whose unused codes it removes. A schedule invokes it, and the local server's timer.
//!
//! Safe to run twice or twice at once: a batch belongs to one process at a time, and what is removed is removed once.

use std::time::{Duration, Instant};

use serde::Serialize;
use shared::{
    Error, lambda,
    table::{
        batches::{self, Due},
        coupon_code_issue, coupon_code_undo, coupon_removal, customer_import, shops, standings,
        store::Store,
    },
};

/// How long a run begins to remove codes: Lambda ends it at 29 s (template.yaml).
const PATIENCE: Duration = Duration::from_secs(15);

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Batches that were left over and are finished now.
    pub finished: usize,
    /// Batches that another process works on.
    pub at_work: usize,
    /// Deleted coupons of which no unused code is left.
    pub coupons: usize,
    /// Codes of deleted coupons that were removed.
    pub codes: u64,
    /// Batches and coupons that failed; the next run tries again.
    pub failed: u64,
}

impl lambda::Report for Report {
    fn failures(&self) -> u64 {
        self.failed
    }
}

/// Finishes what is left over.
///
/// # Errors
/// Where the index of what is due cannot be read; what fails is counted and left for the next run.
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
    for due in standings::due_coupons(store).await? {
        match coupon_removal::remove(store, &due.shop, due.id, deadline).await {
            Ok(removed) => {
                report.codes += removed.codes;
                report.coupons += usize::from(removed.done);
            }
            Err(error) => {
                tracing::error!(coupon = due.id, shop = due.shop.as_str(), %error, "a deleted coupon is still there");
                report.failed += 1;
            }
        }
    }
    Ok(report)
}

async fn finish(store: &Store, due: &Due) -> Result<(), Error> {
    let shop = shops::get(store, &due.shop).await?.ok_or(Error::NotFound)?;
    let mut batch = batches::adopt(store, &due.shop, &due.batch).await?;
    match batch.kind.as_str() {
        customer_import::KIND => customers::import::finish(store, &shop, batch).await.map(|_| ()),
        coupon_code_issue::KIND => coupon_code_undo::undo(store, &mut batch).await,
        other => Err(Error::Internal(format!("a batch of unknown kind {other}"))),
    }
}
