//! The expiry of points (docs/api/accounts.md).
//!
//! No item marks the points that are left of an entry. Points leave in the order in which they came, so the sums along
//! the ledger tell which are left ([`domain::point_expiry`]). A binary search finds any entry by these sums.

use std::time::Instant;

use chrono::{DateTime, Days, NaiveDate, Utc};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::{
    crm::customers,
    keys,
    loyalty::{history, posting::Posting},
};
use domain::{
    error::Error,
    id::Id,
    point_expiry::{expired, is_over, last_day},
    points::{Account, Cause, PointEntry, Rest},
    shop::{Shop, ShopId},
};
use store::{
    client::{Range, Store},
    entity,
    transaction::Transaction,
};

/// Number of entries that are read before a binary search starts. Mostly the entry is among them.
const LOOK_AT: u64 = 16;
/// Number of customers that the job reads in one step.
const STEP: usize = 400;
/// Number of customers whose points expire in parallel.
const AT_ONCE: usize = 8;

/// A range of a customer's ledger: the entries numbered `first..=last`.
struct Ledger<'a> {
    store: &'a Store,
    shop: &'a ShopId,
    customer: Id,
    first: u64,
    last: u64,
}

impl Ledger<'_> {
    /// Finds the first entry for which `holds` is true, with its number. `holds` must be true for all entries after it.
    async fn first(&self, holds: impl Fn(&PointEntry) -> bool) -> Result<Option<(u64, PointEntry)>, Error> {
        let key = |index| keys::ledger(self.shop, self.customer, index);
        let near = self.last.min(self.first + LOOK_AT - 1);
        let range = Range { pk: key(1).pk, between: Some((key(self.first).sk, key(near).sk)), ..Range::default() };
        let entries: Vec<PointEntry> = self.store.query_as(&range).await?;
        if let Some(found) = (self.first..).zip(entries).find(|(_, entry)| holds(entry)) {
            return Ok(Some(found));
        }
        let (mut low, mut high, mut found) = (near + 1, self.last + 1, None);
        while low < high {
            let middle = low.midpoint(high);
            let gap = || Error::Internal("a ledger has a gap".to_owned());
            let entry: PointEntry = self.store.read(&key(middle)).await?.ok_or_else(gap)?;
            if holds(&entry) {
                (high, found) = (middle, Some((middle, entry)));
            } else {
                low = middle + 1;
            }
        }
        Ok(found)
    }
}

/// Returns the points that were gained before `entry`, or all points ever gained for `None`.
fn gained_before(entry: Option<&PointEntry>, account: &Account) -> i64 {
    entry.map_or(account.gained, |entry| entry.gained - entry.points.max(0))
}

fn what_is_left<'a>(store: &'a Store, shop: &'a ShopId, customer: Id, account: &Account) -> Ledger<'a> {
    let first = account.rest.map_or(1, |rest| rest.index);
    Ledger { store, shop, customer, first, last: account.entries }
}

/// Returns the number of points that expire next, and the instant from which they cannot be spent; `None` if none
/// expire.
pub async fn next(
    store: &Store,
    shop: &Shop,
    customer: Id,
    account: &Account,
) -> Result<Option<(i64, DateTime<Utc>)>, Error> {
    if shop.points_expire_after_months == 0 || account.points == 0 {
        return Ok(None);
    }
    let consumed = account.consumed();
    let ledger = what_is_left(store, &shop.id, customer, account);
    let Some((index, oldest)) = ledger.first(|entry| entry.gained > consumed).await? else { return Ok(None) };
    let Some(last) = last_day(shop, oldest.day) else { return Ok(None) };
    let ledger = Ledger { first: index, ..ledger };
    let later = ledger.first(|entry| last_day(shop, entry.day).is_none_or(|day| day > last)).await?;
    let points = gained_before(later.as_ref().map(|(_, entry)| entry), account) - consumed;
    let at = last.checked_add_days(Days::new(1)).and_then(|day| shop.start_of(day));
    Ok(at.map(|at| (points, at)))
}

/// Expires the points of a customer that are past their last day. Returns their number, which is 0 if there are none.
pub async fn expire(store: &Store, shop: &Shop, customer: Id, now: DateTime<Utc>) -> Result<i64, Error> {
    let plan = async || {
        let mut transaction = Transaction::default();
        let account = history::account(store, &shop.id, customer).await?;
        let Some((points, rest)) = over(store, shop, customer, &account, now).await? else {
            return Ok((transaction, 0));
        };
        let mut posting = Posting::new(shop, customer, account, now);
        let id = posting.ids(store, 0, 1).await?;
        let entry = posting.post(id, Cause::Expire { rest }, -points);
        entry.map_err(|refusal| Error::Internal(format!("expiry of customer {customer}: {refusal}")))?;
        posting.write(&mut transaction)?;
        Ok((transaction, points))
    };
    store.carry_out(plan).await
}

/// True if points of the account may have expired by `now`, judged by the account alone.
fn may_be_over(shop: &Shop, account: &Account, now: DateTime<Utc>) -> bool {
    let today = account.day_at(now, shop);
    account.points > 0 && account.rest.is_none_or(|rest| is_over(shop, rest.day, today))
}

/// Returns the number of expired points, above 0, and the part of the ledger that is left after them; `None` if no
/// points have expired.
async fn over(
    store: &Store,
    shop: &Shop,
    customer: Id,
    account: &Account,
    now: DateTime<Utc>,
) -> Result<Option<(i64, Option<Rest>)>, Error> {
    if !may_be_over(shop, account, now) {
        return Ok(None);
    }
    let today = account.day_at(now, shop);
    let ledger = what_is_left(store, &shop.id, customer, account);
    let later = ledger.first(|entry| !is_over(shop, entry.day, today)).await?;
    let points = expired(account, gained_before(later.as_ref().map(|(_, entry)| entry), account));
    let rest = later.map(|(index, entry)| Rest { index, day: entry.day });
    Ok((points > 0).then_some((points, rest)))
}

/// Progress of the expiry job over the customers of a shop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// The day, in the shop's time zone, that the job works on.
    day: NaiveDate,
    /// The shop's setting in months when the job started.
    months: u32,
    /// Id of the last customer that the job has handled.
    after: Id,
    /// True if a customer failed, so that the next run handles all customers again.
    failed: bool,
    /// True if no work is left on this day.
    done: bool,
}

/// Result of one run of the expiry job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExpiryRun {
    /// Number of customers whose points expired.
    pub customers: u64,
    /// Number of points that expired.
    pub points: i64,
    /// Number of customers whose expiry failed. A later run tries them again.
    pub failed: u64,
    /// True if no work is left on this day.
    pub done: bool,
}

/// Expires the points of all customers of a shop, until `deadline` at the latest. It does so once a day, and again
/// after the shop's setting has changed. For nearly all customers the account alone shows that nothing expires.
pub async fn walk(store: &Store, shop: &Shop, now: DateTime<Utc>, deadline: Instant) -> Result<ExpiryRun, Error> {
    let mut run = ExpiryRun::default();
    let fresh = Progress { day: shop.day(now), months: shop.points_expire_after_months, ..Progress::default() };
    let stored: Option<Progress> = store.read(&keys::point_expiry(&shop.id)).await?;
    let same = |stored: &Progress| (stored.day, stored.months) == (fresh.day, fresh.months);
    let mut progress = stored.filter(same).unwrap_or(fresh);
    while !progress.done && Instant::now() < deadline {
        let customers = customers::ids_after(store, &shop.id, progress.after, STEP).await?;
        let failed = step(store, shop, &customers, now, &mut run).await?;
        progress.failed |= failed;
        match customers.last() {
            Some(last) => progress.after = *last,
            // The next run handles all customers again, including those that failed.
            None if progress.failed => progress = fresh,
            None => progress.done = true,
        }
        let ended = customers.is_empty();
        let mut transaction = Transaction::default();
        let item = entity::item(&keys::point_expiry(&shop.id), "point_expiry", &progress)?;
        transaction.put("progress", item, None, Vec::new());
        store.commit(&transaction).await?;
        if ended {
            break;
        }
    }
    run.done = progress.done;
    Ok(run)
}

/// Handles some customers. Returns true if one of them failed.
async fn step(
    store: &Store,
    shop: &Shop,
    customers: &[Id],
    now: DateTime<Utc>,
    run: &mut ExpiryRun,
) -> Result<bool, Error> {
    let accounts = history::accounts(store, &shop.id, customers).await?;
    let due = accounts.into_iter().filter(|(_, account)| may_be_over(shop, account, now)).map(|(customer, _)| customer);
    let mut each = stream::iter(due)
        .map(async |customer| (customer, expire(store, shop, customer, now).await))
        .buffer_unordered(AT_ONCE);
    let mut failed = false;
    while let Some((customer, expired)) = each.next().await {
        match expired {
            Ok(points) => {
                run.customers += u64::from(points > 0);
                run.points += points;
            }
            Err(error) => {
                tracing::error!(shop = shop.id.as_str(), customer, %error, "expiry of points failed");
                run.failed += 1;
                failed = true;
            }
        }
    }
    Ok(failed)
}
