//! The job that finishes batches whose process died: a schedule invokes it, and the local server's timer.
//!
//! Safe to run twice or twice at once: a batch belongs to one process at a time.

use serde::Serialize;
use shared::{
    Error,
    table::{
        batches::{self, Due},
        customer_import, shops,
        store::Store,
    },
};

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Batches that were left over and are finished now.
    pub finished: usize,
    /// Batches that another process works on.
    pub at_work: usize,
    /// Batches that failed; the next run tries again.
    pub failed: usize,
}

/// Finishes what is left over.
///
/// # Errors
/// Where the index of what is due cannot be read; a batch that fails is counted and left for the next run.
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
    Ok(report)
}

async fn finish(store: &Store, due: &Due) -> Result<(), Error> {
    let shop = shops::get(store, &due.shop).await?.ok_or(Error::NotFound)?;
    let batch = batches::adopt(store, &due.shop, &due.batch).await?;
    match batch.kind.as_str() {
        customer_import::KIND => customers::import::finish(store, &shop, batch).await.map(|_| ()),
        other => Err(Error::Internal(format!("a batch of unknown kind {other}"))),
    }
}
