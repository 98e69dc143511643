//! Codes that an order gives back.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::future::try_join;

use super::{
    coupon_codes::{self, Nested},
    order_uses, settling,
    store::Store,
    transaction::Transaction,
};
use crate::{
    domain::{coupon_code::CouponCode, id::Id, shop::ShopId},
    error::Error,
};

/// Codes that an order has given back.
#[derive(Debug)]
pub struct Released {
    /// In the order in which they were used.
    pub codes: Vec<CouponCode>,
    /// What they refer to.
    pub nested: Nested,
    /// Whether some of it is still to be stored: [`settle`](super::settling::settle) does.
    pub unstored: bool,
}

/// Plans that an order gives back all that it uses: none where it uses nothing, or is not known.
pub async fn release(
    store: &Store,
    shop: &ShopId,
    order: Id,
    now: DateTime<Utc>,
) -> Result<(Transaction, Released), Error> {
    let before = order_uses::read(store, shop, order).await?;
    let mut after = before.uses.clone();
    let ids = after.release(now);
    let mut transaction = Transaction::default();
    if after == before.uses {
        return Ok((transaction, Released { codes: Vec::new(), nested: Nested::default(), unstored: false }));
    }
    let shown = async {
        let rows = coupon_codes::by_ids(store, shop, &ids).await?;
        let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.code.id, row.code)).collect();
        let codes = ids.iter().filter_map(|id| rows.remove(id));
        let codes: Vec<_> = codes.map(|code| CouponCode { used_at: None, order_id: None, ..code }).collect();
        let nested = coupon_codes::nested(store, shop, codes.iter(), &[]).await?;
        Ok((codes, nested))
    };
    let step = settling::advance(&mut transaction, store, shop, order, (&before, after));
    let ((codes, nested), step) = try_join(shown, step).await?;
    Ok((transaction, Released { codes, nested, unstored: step.more }))
}
