//! Letting points expire, and what expires next. Nothing marks which points are still there: it follows from the sums
//! along the ledger ([`crate::domain::point_expiry`]), in which a binary search finds any of them.

use std::time::Instant;

use chrono::{DateTime, Days, NaiveDate, Utc};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};

use super::{
    customers, entity, keys, point_history,
    posting::Posting,
    store::{Range, Store},
    transaction::Transaction,
};
use crate::{
    domain::{
        id::Id,
        point_expiry::{expired, is_over, last_day},
        points::{Account, Cause, PointEntry, Rest},
        shop::{Shop, ShopId},
    },
    error::Error,
};

/// So many entries are looked at before a search: mostly it is one of the first.
const LOOK_AT: u64 = 16;
/// How many customers a walk looks at in one step.
const STEP: usize = 400;
/// How many customers' points expire at once.
const AT_ONCE: usize = 8;

/// A part of a ledger: these entries of this customer.
struct Ledger<'a> {
    store: &'a Store,
    shop: &'a ShopId,
    customer: Id,
    first: u64,
    last: u64,
}

impl Ledger<'_> {
    /// The first entry for which `holds`, which it then does for all after it, with its number.
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
            let gap = || Error::Internal("a gap in a ledger".to_owned());
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

/// All that had been gained before an entry; in all, where there is none.
fn gained_before(entry: Option<&PointEntry>, account: &Account) -> i64 {
    entry.map_or(account.gained, |entry| entry.gained - entry.points.max(0))
}

fn what_is_left<'a>(store: &'a Store, shop: &'a ShopId, customer: Id, account: &Account) -> Ledger<'a> {
    let first = account.rest.map_or(1, |rest| rest.index);
    Ledger { store, shop, customer, first, last: account.entries }
}

/// How many points of an account expire next, and when they are gone; `None` where none do.
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

/// Lets the points of a customer expire that are over; answers how many.
pub async fn expire(store: &Store, shop: &Shop, customer: Id, now: DateTime<Utc>) -> Result<i64, Error> {
    let plan = async || {
        let mut transaction = Transaction::default();
        let account = point_history::account(store, &shop.id, customer).await?;
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

/// Whether points of an account may be over at this moment, as far as the account itself says.
fn may_be_over(shop: &Shop, account: &Account, now: DateTime<Utc>) -> bool {
    let today = account.day_at(now, shop);
    account.points > 0 && account.rest.is_none_or(|rest| is_over(shop, rest.day, today))
}

/// How many points of an account are over, above zero, and what is left then.
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

/// How far the walk over a shop's customers came that lets their points expire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// The day of the walk.
    day: NaiveDate,
    /// The setting of the shop.
    months: u32,
    /// The last customer that was looked at.
    after: Id,
    /// Whether some failed, and all are to be looked at again.
    failed: bool,
    /// Whether nothing is left to do on this day.
    done: bool,
}

/// What a walk did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Walked {
    /// Customers of whom points expired.
    pub customers: u64,
    /// Those points.
    pub points: i64,
    /// Customers that failed; a later run tries again.
    pub failed: u64,
    /// Whether nothing is left to do today.
    pub done: bool,
}

/// Lets the points of all customers of a shop expire that are over, until `deadline` at the latest: once a day and again
/// where the setting has changed. Accounts alone tell of nearly all customers that nothing is due.
pub async fn walk(store: &Store, shop: &Shop, now: DateTime<Utc>, deadline: Instant) -> Result<Walked, Error> {
    let mut walked = Walked::default();
    let fresh = Progress { day: shop.day(now), months: shop.points_expire_after_months, ..Progress::default() };
    let stored: Option<Progress> = store.read(&keys::point_expiry(&shop.id)).await?;
    let same = |stored: &Progress| (stored.day, stored.months) == (fresh.day, fresh.months);
    let mut progress = stored.filter(same).unwrap_or(fresh);
    while !progress.done && Instant::now() < deadline {
        let customers = customers::ids_after(store, &shop.id, progress.after, STEP).await?;
        let failed = step(store, shop, &customers, now, &mut walked).await?;
        progress.failed |= failed;
        match customers.last() {
            Some(last) => progress.after = *last,
            // Those that failed are looked at again by the next run.
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
    walked.done = progress.done;
    Ok(walked)
}

/// Looks at some customers; answers whether one failed.
async fn step(
    store: &Store,
    shop: &Shop,
    customers: &[Id],
    now: DateTime<Utc>,
    walked: &mut Walked,
) -> Result<bool, Error> {
    let accounts = point_history::accounts(store, &shop.id, customers).await?;
    let due = accounts.into_iter().filter(|(_, account)| may_be_over(shop, account, now)).map(|(customer, _)| customer);
    let mut each = stream::iter(due)
        .map(async |customer| (customer, expire(store, shop, customer, now).await))
        .buffer_unordered(AT_ONCE);
    let mut failed = false;
    while let Some((customer, expired)) = each.next().await {
        match expired {
            Ok(points) => {
                walked.customers += u64::from(points > 0);
                walked.points += points;
            }
            Err(error) => {
                tracing::error!(shop = shop.id.as_str(), customer, %error, "points did not expire");
                walked.failed += 1;
                failed = true;
            }
        }
    }
    Ok(failed)
}
