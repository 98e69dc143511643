//! New ledger entries of one customer in one transaction: rows of the point history, their copies in the ledger, the
//! account that sums them, and the sums of the day.

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    keys::{self, Key},
    loyalty::{days, history::POINT_HISTORY},
};
use domain::{
    error::Error,
    id::Id,
    points::{Account, Cause, PointEntry, Refusal},
    shop::Shop,
};
use store::{
    client::Store,
    entity,
    item::n,
    pages::ONLY,
    sequence,
    transaction::{ABSENT, Transaction},
};

/// New ledger entries after an account as it was read.
#[derive(Debug)]
pub(crate) struct Posting<'a> {
    shop: &'a Shop,
    customer_id: Id,
    now: DateTime<Utc>,
    before: Account,
    /// The account including the entries posted so far.
    pub(crate) account: Account,
    entries: Vec<PointEntry>,
}

impl<'a> Posting<'a> {
    /// Starts from an account as it was read.
    pub(crate) fn new(shop: &'a Shop, customer_id: Id, account: Account, now: DateTime<Utc>) -> Self {
        Self { shop, customer_id, now, before: account.clone(), account, entries: Vec::new() }
    }

    /// Returns the day, in the shop's time zone, on which the entries are written.
    pub(crate) fn day(&self) -> NaiveDate {
        self.account.day_at(self.now, self.shop)
    }

    /// Returns the first of `count` consecutive ids for the new entries. Ids must grow along a ledger. `taken` was
    /// reserved in parallel with the reading of the account; if the newest entry has a later id by then, new ids are
    /// reserved.
    pub(crate) async fn ids(&self, store: &Store, taken: Id, count: usize) -> Result<Id, Error> {
        if taken > self.before.last_entry_id {
            return Ok(taken);
        }
        reserve(store, self.shop, count).await
    }

    /// Returns the key of the marker which says that a redemption of this customer was given back.
    pub(crate) fn refund_key(&self, redemption: Id) -> Key {
        keys::refund(&self.shop.id, self.customer_id, redemption)
    }

    /// Posts an entry.
    ///
    /// # Errors
    /// [`Refusal`] if the balance would leave its range.
    pub(crate) fn post(&mut self, id: Id, cause: Cause, points: i64) -> Result<PointEntry, Refusal> {
        let entry = self.account.draft((id, self.customer_id), cause, points, (self.now, self.shop));
        self.account = self.account.with(&entry)?;
        self.entries.push(entry.clone());
        Ok(entry)
    }

    /// Adds the posted entries, if there are any, to the transaction. Refused under the label `account` if the customer
    /// has new entries since the account was read.
    pub(crate) fn write(&self, transaction: &mut Transaction) -> Result<(), Error> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let shop = &self.shop.id;
        for (index, entry) in (self.before.entries + 1..).zip(&self.entries) {
            POINT_HISTORY.insert(transaction, "entry", shop, (entry.id, ONLY), entry)?;
            let ledger = keys::ledger(shop, self.customer_id, index);
            transaction.put("ledger", entity::item(&ledger, "ledger", entry)?, Some(ABSENT), Vec::new());
            days::count(&mut transaction.additions, shop, entry);
        }
        put_account(transaction, self.shop, self.customer_id, (self.before.entries, &self.account))
    }
}

/// Reserves `count` ids of entries and returns the first.
pub(crate) async fn reserve(store: &Store, shop: &Shop, count: usize) -> Result<Id, Error> {
    sequence::reserve(store, &shop.id, POINT_HISTORY.name, count as u64).await
}

/// Writes an account. Refused under the label `account` if the stored one has another number of entries than `entries`.
pub(crate) fn put_account(
    transaction: &mut Transaction,
    shop: &Shop,
    customer_id: Id,
    (entries, account): (u64, &Account),
) -> Result<(), Error> {
    let item = entity::item(&keys::account(&shop.id, customer_id), "account", account)?;
    // A customer without entries has no account, or a damaged one.
    let condition =
        if entries == 0 { "attribute_not_exists(#PK) OR #entries = :entries" } else { "#entries = :entries" };
    transaction.put("account", item, Some(condition), vec![(":entries", n(entries))]);
    Ok(())
}
