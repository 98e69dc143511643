//! Storing what orders' records say of their codes: that they were given back, or that they are used. Until then they are
//! *seen* so: who reads codes or counts of them settles first what is due ([`after_settling`]), which is nothing at nearly
//! all times, and the job settles what nobody reads.
//!
//! One order is settled in steps of a few codes, each one transaction with the record: it can stop and begin again, and two
//! can do it at once.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use futures_util::{
    future::{join, try_join},
    stream::{self, StreamExt},
};

use super::{
    attempts::Attempts,
    counters::{self, Change, Counter, Shards},
    coupon_code_uses as uses,
    coupon_codes::{self, Row},
    order_uses::{self, Record},
    store::Store,
    transaction::{CommitError, MAX_ITEMS, Transaction},
};
use crate::{
    domain::{
        coupon_code::CouponCode,
        id::Id,
        order_uses::{OrderUses, Use},
        shop::ShopId,
    },
    error::Error,
};

/// The most items that one use takes: the five rows of a code and their five tallies, the counters of its coupon, rule and
/// customer, one shard more where a limit is in debt, and the redemption.
const ITEMS_OF_ONE: usize = 15;
/// The record and its marks in the indexes.
const ITEMS_OF_RECORD: usize = 5;
/// How many orders are settled at once.
const AT_ONCE: usize = 8;
/// How long a reader settles before it gives up with a 503.
const PATIENCE: Duration = Duration::from_secs(15);

/// What `read` reads once nothing is due in the shop: the look at that runs beside it, and where something is due, that is
/// settled and everything read again.
///
/// # Errors
/// Those of `read`; [`Error::Unavailable`] where there is more to settle than a request has time for.
pub async fn after_settling<T, F>(
    store: &Store,
    shop: &ShopId,
    now: DateTime<Utc>,
    read: impl Fn() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let (unsettled, first) = join(order_uses::unsettled(store, shop, now), read()).await;
    let unsettled = unsettled?;
    if unsettled.is_empty() {
        return first;
    }
    let deadline = Instant::now() + PATIENCE;
    let each = stream::iter(unsettled).map(|order| settle(store, shop, order, now));
    let mut each = each.buffer_unordered(AT_ONCE);
    while let Some(settled) = each.next().await {
        settled?;
        if Instant::now() >= deadline {
            return Err(Error::Unavailable("more orders to settle than there is time for".to_owned()));
        }
    }
    read().await
}

/// Stores what is due of an order. Answers how many uses were given back.
///
/// # Errors
/// [`Error::Unavailable`] where others keep changing the same; what is left is taken up by the next reader, or the job.
pub async fn settle(store: &Store, shop: &ShopId, order: Id, now: DateTime<Utc>) -> Result<u64, Error> {
    let mut attempts = Attempts::default();
    let mut released = 0;
    loop {
        let before = order_uses::read(store, shop, order).await?;
        let mut after = before.uses.clone();
        if after.has_ended_holds(now) {
            let paid = order_uses::is_paid(store, shop, order).await?;
            after.end_holds(now, paid);
        }
        if after == before.uses && !after.is_pending() {
            return Ok(released);
        }
        let mut transaction = Transaction::default();
        let step = advance(&mut transaction, store, shop, order, (&before, after)).await?;
        match store.commit(&transaction).await {
            Ok(()) => {
                released += step.given_back;
                if !step.more {
                    return Ok(released);
                }
                attempts = Attempts::default();
            }
            Err(CommitError::Refused(_)) => attempts.pause().await?,
            Err(CommitError::Failed(error)) => return Err(error),
        }
    }
}

/// What a step does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// How many uses it gives back.
    given_back: u64,
    /// Whether something is left to store after it.
    pub(super) more: bool,
}

/// Plans what an order's record is to say, and stores as much of that as fits beside.
pub(super) async fn advance(
    transaction: &mut Transaction,
    store: &Store,
    shop: &ShopId,
    order: Id,
    (before, mut after): (&Record, OrderUses),
) -> Result<Step, Error> {
    let (done, rest) = step(&after.uses);
    plan(transaction, store, shop, order, (&after, &done)).await?;
    let given_back = done.iter().filter(|used| used.released_at.is_some()).count() as u64;
    after.uses = rest;
    let kept = done.into_iter().filter(|used| used.released_at.is_none());
    after.uses.extend(kept.map(|used| Use { stored: true, ..used }));
    after.uses.sort_by_key(|used| (used.used_at, used.code_id.is_none(), used.code_id, used.price_rule_id));
    order_uses::write(transaction, shop, order, before, &after)?;
    Ok(Step { given_back, more: after.is_pending() })
}

/// The same after a change that was answered already: what fails is left for the next reader, or the job.
pub async fn settle_soon(store: &Store, shop: &ShopId, order: Id, now: DateTime<Utc>) {
    if let Err(error) = settle(store, shop, order, now).await {
        tracing::warn!(order, %error, "an order is settled later");
    }
}

/// The uses of the next step, and the others.
fn step(uses: &[Use]) -> (Vec<Use>, Vec<Use>) {
    let mut most = (MAX_ITEMS - ITEMS_OF_RECORD) / ITEMS_OF_ONE;
    uses.iter().cloned().partition(|used| {
        let taken = used.is_pending() && most > 0;
        most -= usize::from(taken);
        taken
    })
}

/// Plans what a step stores.
async fn plan(
    transaction: &mut Transaction,
    store: &Store,
    shop: &ShopId,
    order: Id,
    (record, step): (&OrderUses, &[Use]),
) -> Result<(), Error> {
    let ids: Vec<_> = step.iter().filter_map(|used| used.code_id).collect();
    let mut given_back: BTreeMap<Id, u64> = BTreeMap::new();
    for used in step.iter().filter(|used| used.released_at.is_some()) {
        *given_back.entry(used.price_rule_id).or_default() += 1;
    }
    let shards = counters::read_each(store, shop, Counter::UsesOf, given_back.keys().copied());
    let (rows, shards) = try_join(coupon_codes::by_ids(store, shop, &ids), shards).await?;
    uses::give(transaction, shop, record.customer_id, &given_back, &shards)?;
    let coupons: BTreeSet<_> = rows.iter().map(|row| row.code.coupon_id).collect();
    let counters = counters::read_each(store, shop, Counter::CodesOf, coupons).await?;
    let rows: HashMap<_, _> = rows.into_iter().map(|row| (row.code.id, row)).collect();
    let mut used_codes: BTreeMap<Id, i64> = BTreeMap::new();
    for used in step {
        let row = used.code_id.and_then(|id| rows.get(&id));
        // A code that was deleted, or taken back by the merchant, has nothing more to store.
        let row = row.filter(|row| (row.code.order_id, row.code.used_at) == (Some(order), Some(used.used_at)));
        if let (Some(id), Some(released_at)) = (used.code_id, used.released_at) {
            uses::close(transaction, shop, (id, used.used_at), released_at)?;
        }
        let Some((row, shards)) = row.and_then(|row| Some((row, counters.get(&row.code.coupon_id)?))) else { continue };
        if used.released_at.is_none() {
            coupon_codes::replace(transaction, shop, row, &row.code, shards.lapsed)?;
        } else {
            give_back(transaction, shop, row, shards)?;
            *used_codes.entry(row.code.coupon_id).or_default() -= 1;
        }
    }
    for (coupon, used) in used_codes {
        if let Some(shards) = counters.get(&coupon).filter(|shards| !shards.closed) {
            shards.write(transaction, shop, &Change { used, ..Change::default() });
        }
    }
    Ok(())
}

/// Plans that a code is not used any more. Of a deleted coupon only used codes are there, so it goes.
fn give_back(transaction: &mut Transaction, shop: &ShopId, row: &Row, shards: &Shards) -> Result<(), Error> {
    if shards.closed {
        coupon_codes::remove(transaction, shop, row);
        return Ok(());
    }
    let after = CouponCode { used_at: None, order_id: None, ..row.code.clone() };
    coupon_codes::replace(transaction, shop, row, &after, shards.lapsed)
}

/// Plans that an order does not use a code any more, which the merchant takes back.
pub(super) fn take_out(
    transaction: &mut Transaction,
    shop: &ShopId,
    (order, code): (Id, Id),
    before: &Record,
) -> Result<(), Error> {
    let mut after = before.uses.clone();
    after.uses.retain(|used| used.code_id != Some(code));
    order_uses::write(transaction, shop, order, before, &after)
}
