//! Removal of a deleted coupon's codes that are not used. Its counter is closed, so no code is added any more. The
//! removal can stop and resume at any step, and two processes can run it at once.

use std::time::Instant;

use crate::discounts::{
    codes::{
        self,
        expiry::each,
        rows::{OF_COUPON, Row},
    },
    coupons::rows,
    rules::overlay::{EXPIRED, UNUSED, USED},
};
use domain::{error::Error, id::Id, shop::ShopId};
use store::{
    client::Store,
    transaction::{CommitError, Transaction},
};

/// Result of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Number of codes that were removed.
    pub codes: u64,
    /// True if no work is left.
    pub done: bool,
}

/// Removes the unused codes of a deleted coupon, until `deadline` at the latest. At the end it removes the coupon
/// itself if no used code refers to it.
pub async fn remove(store: &Store, shop: &ShopId, coupon: Id, deadline: Instant) -> Result<Removed, Error> {
    let list = OF_COUPON.of(coupon);
    let drop = |transaction: &mut Transaction, row: &Row| {
        codes::rows::remove(transaction, shop, row);
        Ok(())
    };
    let walked = each(store, shop, (&list, vec![UNUSED, EXPIRED]), drop, None, deadline).await?;
    let Some(walked) = walked else { return Ok(Removed { codes: 0, done: false }) };
    if !walked.all {
        return Ok(Removed { codes: walked.codes, done: false });
    }
    let used = list.count(store, shop, Some(vec![USED])).await?;
    let transaction = rows::forget(store, shop, coupon, used > 0).await?;
    match store.commit(&transaction).await {
        // Another process has finished the removal.
        Ok(()) | Err(CommitError::Refused(_)) => Ok(Removed { codes: walked.codes, done: true }),
        Err(CommitError::Failed(error)) => Err(error),
    }
}
