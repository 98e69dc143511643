//! Redemptions of points that are given back, by a refund of the redemption or by its order.

use crate::loyalty::posting::Posting;
use domain::{
    error::Error,
    id::Id,
    points::{Cause, PointEntry, Redeemed, Refusal},
};
use store::{
    entity,
    transaction::{ABSENT, Transaction},
};

/// Turns the refusal of a ledger entry into a 409.
pub(crate) fn impossible(refusal: Refusal) -> Error {
    Error::conflict(refusal.to_string())
}

#[derive(serde::Serialize)]
struct Refund {
    entry_id: Id,
}

/// Posts the entry that gives a redemption back, and puts a marker that it was given back. Refused under the label
/// `refund` if that marker exists already.
pub(crate) fn give_back(
    posting: &mut Posting<'_>,
    transaction: &mut Transaction,
    id: Id,
    (redeemed, points): (Redeemed, i64),
    order_id: Option<Id>,
) -> Result<PointEntry, Error> {
    let entry = posting.post(id, Cause::Return { redeemed, order_id }, points).map_err(impossible)?;
    let key = posting.refund_key(redeemed.id);
    transaction.put("refund", entity::item(&key, "refund", &Refund { entry_id: id })?, Some(ABSENT), Vec::new());
    Ok(entry)
}
