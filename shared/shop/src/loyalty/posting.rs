//! Entries of one customer in one transaction: rows of the point history, their copies in the ledger, the account that
//! sums them, and the sums of the day.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    entity,
    keys::{self, Key},
    pages::ONLY,
    point_history::POINT_HISTORY,
    sequence,
    store::Store,
    transaction::{ABSENT, Transaction, n},
};
use crate::{
    domain::{
        id::Id,
        points::{Account, Cause, PointEntry, Refusal},
        shop::Shop,
    },
    error::Error,
};

/// Entries on top of an account as it was read.
#[derive(Debug)]
pub(super) struct Posting<'a> {
    shop: &'a Shop,
    customer_id: Id,
    now: DateTime<Utc>,
    before: Account,
    /// The account with the entries so far.
    pub(super) account: Account,
    entries: Vec<PointEntry>,
}

impl<'a> Posting<'a> {
    /// Begins on an account as it was read.
    pub(super) fn new(shop: &'a Shop, customer_id: Id, account: Account, now: DateTime<Utc>) -> Self {
        Self { shop, customer_id, now, before: account.clone(), account, entries: Vec::new() }
    }

    /// The day on which the entries are written.
    pub(super) fn day(&self) -> NaiveDate {
        self.account.day_at(self.now, self.shop)
    }

    /// The first of `count` ids that may follow on the newest entry: ids grow along a ledger. `taken` was reserved beside
    /// the reading of the account, and another entry may have taken a later one since and been first.
    pub(super) async fn ids(&self, store: &Store, taken: Id, count: usize) -> Result<Id, Error> {
        if taken > self.before.last_entry_id {
            return Ok(taken);
        }
        reserve(store, self.shop, count).await
    }

    /// Where it says that a redemption of this customer was given back.
    pub(super) fn refund_key(&self, redemption: Id) -> Key {
        keys::refund(&self.shop.id, self.customer_id, redemption)
    }

    /// Adds an entry; refused where the balance would leave its range.
    pub(super) fn post(&mut self, id: Id, cause: Cause, points: i64) -> Result<PointEntry, Refusal> {
        let entry = self.account.draft((id, self.customer_id), cause, points, (self.now, self.shop));
        self.account = self.account.with(&entry)?;
        self.entries.push(entry.clone());
        Ok(entry)
    }

    /// Writes the entries, if there are any; refused under `account` where there are others since the account was read.
    pub(super) fn write(&self, transaction: &mut Transaction) -> Result<(), Error> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let shop = &self.shop.id;
        for (index, entry) in (self.before.entries + 1..).zip(&self.entries) {
            POINT_HISTORY.insert(transaction, "entry", shop, (entry.id, ONLY), entry)?;
            let ledger = keys::ledger(shop, self.customer_id, index);
            transaction.put("ledger", entity::item(&ledger, "ledger", entry)?, Some(ABSENT), Vec::new());
            transaction.point_days.count(shop, entry);
        }
        put_account(transaction, self.shop, self.customer_id, (self.before.entries, &self.account))
    }
}

/// The first of `count` new ids of entries.
pub(super) async fn reserve(store: &Store, shop: &Shop, count: usize) -> Result<Id, Error> {
    sequence::reserve(store, &shop.id, POINT_HISTORY.name, count as u64).await
}

/// Writes an account; refused under `account` where it has not so many entries any more.
pub(super) fn put_account(
    transaction: &mut Transaction,
    shop: &Shop,
    customer_id: Id,
    (entries, account): (u64, &Account),
) -> Result<(), Error> {
    let item = entity::item(&keys::account(&shop.id, customer_id), "account", account)?;
    // Without entries there is no account, or a damaged one.
    let condition =
        if entries == 0 { "attribute_not_exists(#PK) OR #entries = :entries" } else { "#entries = :entries" };
    transaction.put("account", item, Some(condition), vec![(":entries", n(entries))]);
    Ok(())
}
