//! Settling of orders: copies the decisions of an order's record to the rows and counters of its codes. A decision says
//! that a use was released, or that a code is used. A decision holds from the moment at which the record has it.
//! Therefore a reader of codes or of their counts first settles the orders that are due ([`after_settling`]). Nearly
//! always none is due. A job settles the orders that nobody reads.
//!
//! An order is settled in steps of a few codes. A step is one transaction with the record, so settling can stop and
//! resume at any step, and two processes can settle one order at once.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use futures_util::{
    future::{join, try_join},
    stream::{self, StreamExt},
};

use crate::{
    discounts::{
        codes::{self, rows::Row},
        counters::{self, Change, Counter, Shards},
    },
    orders::uses::{self, VersionedUses},
};
use domain::{
    coupon_code::CouponCode,
    error::Error,
    id::Id,
    order_uses::{OrderUses, Use},
    shop::ShopId,
};
use store::{
    attempts::Attempts,
    client::Store,
    transaction::{CommitError, MAX_ITEMS, Transaction},
};

/// Largest number of items that one use takes: the five rows of a code and their five tallies, the counters of its
/// coupon, rule and customer, one quota shard more if a limit is in debt, and the redemption.
const ITEMS_OF_ONE: usize = 15;
/// Number of items that the record takes with its entries in the two indexes.
const ITEMS_OF_RECORD: usize = 5;
/// Number of orders that are settled in parallel.
const AT_ONCE: usize = 8;
/// Time that a reader spends on settling before it gives up with a 503.
const PATIENCE: Duration = Duration::from_secs(15);

/// Settles the orders of the shop that are due, then runs `read`. The index of due orders is queried in parallel with a
/// first run of `read`. If it is empty, which is nearly always so, the result of that run is returned at no extra round
/// trip. Otherwise `read` runs again after settling.
///
/// # Errors
/// The errors of `read`. [`Error::Unavailable`] if more is to be settled than a request has time for.
pub async fn after_settling<T, F>(
    store: &Store,
    shop: &ShopId,
    now: DateTime<Utc>,
    read: impl Fn() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let (unsettled, first) = join(uses::unsettled(store, shop, now), read()).await;
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
            return Err(Error::Unavailable("settling the due orders takes longer than a request may take".to_owned()));
        }
    }
    read().await
}

/// Stores all that is due for an order. Returns the number of released uses.
///
/// # Errors
/// [`Error::Unavailable`] if other processes keep changing the same items. The next reader or the job continues then.
pub async fn settle(store: &Store, shop: &ShopId, order: Id, now: DateTime<Utc>) -> Result<u64, Error> {
    let mut attempts = Attempts::default();
    let mut released = 0;
    loop {
        let before = uses::read(store, shop, order).await?;
        let mut after = before.uses.clone();
        if after.has_ended_holds(now) {
            let paid = uses::is_paid(store, shop, order).await?;
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

/// Result of one step of settling.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Number of uses that the step releases.
    given_back: u64,
    /// True if more is to be stored after the step.
    pub(crate) more: bool,
}

/// Plans the new state of an order's record, `after`, and stores as many of its uses as fit into the same transaction.
pub(crate) async fn advance(
    transaction: &mut Transaction,
    store: &Store,
    shop: &ShopId,
    order: Id,
    (before, mut after): (&VersionedUses, OrderUses),
) -> Result<Step, Error> {
    let (done, rest) = step(&after.uses);
    plan(transaction, store, shop, order, (&after, &done)).await?;
    let given_back = done.iter().filter(|used| used.released_at.is_some()).count() as u64;
    after.uses = rest;
    let kept = done.into_iter().filter(|used| used.released_at.is_none());
    after.uses.extend(kept.map(|used| Use { stored: true, ..used }));
    after.uses.sort_by_key(|used| (used.used_at, used.code_id.is_none(), used.code_id, used.price_rule_id));
    uses::write(transaction, shop, order, before, &after)?;
    Ok(Step { given_back, more: after.is_pending() })
}

/// Settles an order after the reply was decided. An error is logged; the next reader or the job continues then.
pub async fn settle_soon(store: &Store, shop: &ShopId, order: Id, now: DateTime<Utc>) {
    if let Err(error) = settle(store, shop, order, now).await {
        tracing::warn!(order, %error, "settling an order failed; the next reader or the job tries again");
    }
}

/// Splits the uses into those of the next step and the others.
fn step(uses: &[Use]) -> (Vec<Use>, Vec<Use>) {
    let mut most = (MAX_ITEMS - ITEMS_OF_RECORD) / ITEMS_OF_ONE;
    uses.iter().cloned().partition(|used| {
        let taken = used.is_pending() && most > 0;
        most -= usize::from(taken);
        taken
    })
}

/// Plans the rows and counters of the uses of one step.
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
    let (rows, shards) = try_join(codes::rows::by_ids(store, shop, &ids), shards).await?;
    codes::uses::give(transaction, shop, record.customer_id, &given_back, &shards)?;
    let coupons: BTreeSet<_> = rows.iter().map(|row| row.code.coupon_id).collect();
    let counters = counters::read_each(store, shop, Counter::CodesOf, coupons).await?;
    let rows: HashMap<_, _> = rows.into_iter().map(|row| (row.code.id, row)).collect();
    let mut used_codes: BTreeMap<Id, i64> = BTreeMap::new();
    for used in step {
        let row = used.code_id.and_then(|id| rows.get(&id));
        // A code that was deleted, or taken back by the merchant, needs no more changes.
        let row = row.filter(|row| (row.code.order_id, row.code.used_at) == (Some(order), Some(used.used_at)));
        if let (Some(id), Some(released_at)) = (used.code_id, used.released_at) {
            codes::uses::close(transaction, shop, (id, used.used_at), released_at)?;
        }
        let Some((row, shards)) = row.and_then(|row| Some((row, counters.get(&row.code.coupon_id)?))) else { continue };
        if used.released_at.is_none() {
            codes::rows::replace(transaction, shop, row, &row.code, shards.lapsed)?;
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

/// Plans that a code is no longer used. A deleted coupon has only used codes, so its code is removed.
fn give_back(transaction: &mut Transaction, shop: &ShopId, row: &Row, shards: &Shards) -> Result<(), Error> {
    if shards.closed {
        codes::rows::remove(transaction, shop, row);
        return Ok(());
    }
    let after = CouponCode { used_at: None, order_id: None, ..row.code.clone() };
    codes::rows::replace(transaction, shop, row, &after, shards.lapsed)
}

/// Plans the removal of a code from an order's record, for a code that the merchant takes back.
pub(crate) fn take_out(
    transaction: &mut Transaction,
    shop: &ShopId,
    (order, code): (Id, Id),
    before: &VersionedUses,
) -> Result<(), Error> {
    let mut after = before.uses.clone();
    after.uses.retain(|used| used.code_id != Some(code));
    uses::write(transaction, shop, order, before, &after)
}
