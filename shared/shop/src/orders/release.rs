//! Release of the codes and price rules that an order uses (docs/api/checkout.md).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::future::try_join;

use crate::{
    discounts::codes::{self, rows::Nested},
    orders::{settling, uses},
};
use domain::{coupon_code::CouponCode, error::Error, id::Id, shop::ShopId};
use store::{client::Store, transaction::Transaction};

/// Result of a release: the codes that the order no longer uses.
#[derive(Debug)]
pub struct Released {
    /// The released codes, in the order in which they were used.
    pub codes: Vec<CouponCode>,
    /// Customers, coupons and price rules of the codes.
    pub nested: Nested,
    /// True if some of the release is still to be stored. [`settle`](super::settling::settle) stores it.
    pub unstored: bool,
}

/// Plans the release of all that an order uses. Returns no codes for an order that uses nothing or is unknown.
pub async fn release(
    store: &Store,
    shop: &ShopId,
    order: Id,
    now: DateTime<Utc>,
) -> Result<(Transaction, Released), Error> {
    let before = uses::read(store, shop, order).await?;
    let mut after = before.uses.clone();
    let ids = after.release(now);
    let mut transaction = Transaction::default();
    if after == before.uses {
        return Ok((transaction, Released { codes: Vec::new(), nested: Nested::default(), unstored: false }));
    }
    let shown = async {
        let rows = codes::rows::by_ids(store, shop, &ids).await?;
        let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.code.id, row.code)).collect();
        let codes = ids.iter().filter_map(|id| rows.remove(id));
        let codes: Vec<_> = codes.map(|code| CouponCode { used_at: None, order_id: None, ..code }).collect();
        let nested = codes::rows::nested(store, shop, codes.iter(), &[]).await?;
        Ok((codes, nested))
    };
    let step = settling::advance(&mut transaction, store, shop, order, (&before, after));
    let ((codes, nested), step) = try_join(shown, step).await?;
    Ok((transaction, Released { codes, nested, unstored: step.more }))
}
