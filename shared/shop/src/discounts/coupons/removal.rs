//! Removing what is left of a deleted coupon: its codes that are not used. Since its counter is closed, none is added any
//! more. It can stop and begin again, and two can do it at once.

use std::time::Instant;

use super::{
    coupon_codes::{self, OF_COUPON, Row},
    coupons,
    expiry::each,
    standings::{EXPIRED, UNUSED, USED},
    store::Store,
    transaction::{CommitError, Transaction},
};
use crate::{
    domain::{id::Id, shop::ShopId},
    error::Error,
};

/// What became of a deleted coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Codes that were removed.
    pub codes: u64,
    /// Whether nothing is left to do.
    pub done: bool,
}

/// Removes the unused codes of a deleted coupon, until `deadline` at the latest, and in the end the coupon itself where no
/// used code refers to it.
pub async fn remove(store: &Store, shop: &ShopId, coupon: Id, deadline: Instant) -> Result<Removed, Error> {
    let list = OF_COUPON.of(coupon);
    let drop = |transaction: &mut Transaction, row: &Row| {
        coupon_codes::remove(transaction, shop, row);
        Ok(())
    };
    let walked = each(store, shop, (&list, vec![UNUSED, EXPIRED]), drop, None, deadline).await?;
    let Some(walked) = walked else { return Ok(Removed { codes: 0, done: false }) };
    if !walked.all {
        return Ok(Removed { codes: walked.codes, done: false });
    }
    let used = list.count(store, shop, Some(vec![USED])).await?;
    let transaction = coupons::forget(store, shop, coupon, used > 0).await?;
    match store.commit(&transaction).await {
        // Another run was faster.
        Ok(()) | Err(CommitError::Refused(_)) => Ok(Removed { codes: walked.codes, done: true }),
        Err(CommitError::Failed(error)) => Err(error),
    }
}
