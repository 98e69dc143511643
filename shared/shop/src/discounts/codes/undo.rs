//! Undoing of an issue of codes that is a batch. Its steps are undone one by one, the last one first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::future::try_join;

use crate::discounts::{
    codes::{
        pending::{LOOK_AHEAD, PendingCode, by_coupon},
        rows,
    },
    counters::{self, Counter},
};
use domain::{error::Error, id::Id, shop::ShopId};
use store::{
    attempts::Attempts,
    batches::Batch,
    client::Store,
    transaction::{MAX_ITEMS, Transaction},
};

/// Undoes a batch of [`issue`](super::issue) whose process died.
///
/// # Errors
/// [`Error::AtWork`] if another process has taken over the lease.
pub async fn undo(store: &Store, batch: &mut Batch) -> Result<(), Error> {
    let drafts: Vec<PendingCode> = batch.items(store).await?;
    batch.turn_back(store).await?;
    take_back(store, batch, &drafts).await
}

/// Removes the codes that were written and are still unused, the last one first, and then gives back the quota places
/// of codes that were not written.
pub(crate) async fn take_back(store: &Store, batch: &mut Batch, drafts: &[PendingCode]) -> Result<(), Error> {
    let shop = batch.shop.clone();
    let coupons = by_coupon(drafts.iter().map(|draft| draft.coupon_id));
    let written = batch.undo_from.unwrap_or(0).saturating_sub(coupons.len());
    let mut attempts = Attempts::default();
    while batch.done > 0 {
        let (transaction, items) = if batch.done > coupons.len() {
            remove(store, &shop, &drafts[..batch.done - coupons.len()]).await?
        } else {
            let (coupon, codes) = coupons[batch.done - 1];
            let of_coupon = drafts[..written].iter().filter(|draft| draft.coupon_id == coupon).count();
            let shards = counters::read(store, &shop, Counter::CodesOf(coupon)).await?;
            let mut transaction = Transaction::default();
            let unwritten = codes - of_coupon as u64;
            if !shards.closed && unwritten > 0 {
                shards.write(&mut transaction, &shop, &shards.give(unwritten).into());
            }
            (transaction, 1)
        };
        if batch.step_back(store, transaction, items).await? {
            attempts = Attempts::default();
        } else {
            attempts.pause().await?;
        }
    }
    batch.abandon(store).await
}

/// Plans the removal of the last of these codes, as many as fit into one transaction, and gives back their quota
/// places. Returns the number of undone codes.
async fn remove(store: &Store, shop: &ShopId, drafts: &[PendingCode]) -> Result<(Transaction, usize), Error> {
    let last = &drafts[drafts.len().saturating_sub(LOOK_AHEAD)..];
    let ids: Vec<_> = last.iter().map(|draft| draft.id).collect();
    let coupons: BTreeSet<_> = last.iter().map(|draft| draft.coupon_id).collect();
    let counters = counters::read_each(store, shop, Counter::CodesOf, coupons);
    let (rows, counters) = try_join(rows::by_ids(store, shop, &ids), counters).await?;
    let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.code.id, row)).collect();
    let mut transaction = Transaction::default();
    let mut places: BTreeMap<Id, u64> = BTreeMap::new();
    let mut items = 0;
    for draft in last.iter().rev() {
        // A code that was used meanwhile stays, and keeps its quota place.
        if let Some(row) = rows.remove(&draft.id).filter(|row| row.code.used_at.is_none()) {
            // The transaction also has the record of the batch, and at most two quota shards of each coupon: one in
            // debt, and another.
            let most = MAX_ITEMS - 1 - 2 * (places.len() + 1);
            let remove = |longer: &mut Transaction| {
                rows::remove(longer, shop, &row);
                Ok(())
            };
            if transaction.extend_within(most, remove)?.is_none() {
                break;
            }
            *places.entry(draft.coupon_id).or_default() += 1;
        }
        items += 1;
    }
    for (coupon, codes) in places {
        if let Some(shards) = counters.get(&coupon).filter(|shards| !shards.closed) {
            shards.write(&mut transaction, shop, &shards.give(codes).into());
        }
    }
    Ok((transaction, items))
}
