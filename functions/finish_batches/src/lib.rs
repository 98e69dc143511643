//! The job that ends batches whose process died: it finishes imports and undoes issues of codes. It also removes the unused
//! codes of deleted coupons. A schedule invokes it, and so does the local server's timer.
//!
//! It may run twice at once: a batch belongs to one process at a time, and each code is removed once.

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

/// The time in which a run begins to remove codes. Lambda ends it after 29 s (template.yaml).
const PATIENCE: Duration = Duration::from_secs(15);

/// The result of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Batches that the run ended.
    pub finished: usize,
    /// Batches that another process is working on.
    pub at_work: usize,
    /// Deleted coupons without an unused code.
    pub coupons: usize,
    /// Codes of deleted coupons that were removed.
    pub codes: u64,
    /// Batches and coupons that failed. The next run tries again.
    pub failed: u64,
}

impl lambda::Report for Report {
    fn failures(&self) -> u64 {
        self.failed
    }
}

/// Ends batches that were left over, and removes the codes of deleted coupons.
///
/// # Errors
/// A failure to read the index of due work. A batch or coupon that fails is counted and left for the next run.
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
