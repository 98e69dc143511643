//! The bulk load of a point history into a shop that has none: entries, ledgers and accounts, without transactions.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    entity, keys,
    pages::{ONLY, bulk},
    point_days,
    point_history::POINT_HISTORY,
    sequence,
    store::Store,
};
use crate::{
    domain::{
        id::Id,
        point_days::DaySums,
        points::{Account, Cause},
        shop::Shop,
    },
    error::Error,
};

/// A load of entries with ids of ours, in ascending order. Until [`Load::finish`] none is in a list.
#[derive(Debug)]
pub struct Load<'a> {
    store: &'a Store,
    shop: &'a Shop,
    rows: bulk::Load<'a>,
    accounts: HashMap<Id, Account>,
    days: BTreeMap<NaiveDate, DaySums>,
    last: Id,
}

impl<'a> Load<'a> {
    /// Starts a load into a shop whose point history is empty.
    pub fn new(store: &'a Store, shop: &'a Shop) -> Self {
        let rows = bulk::Load::new(store, &shop.id);
        Self { store, shop, rows, accounts: HashMap::new(), days: BTreeMap::new(), last: 0 }
    }

    /// Adds an entry of a customer.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the id does not grow or the balance would leave its range.
    pub async fn push(
        &mut self,
        (id, customer_id): (Id, Id),
        cause: Cause,
        points: i64,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        if id <= self.last {
            return Err(Error::field("id", "Ids must grow."));
        }
        let account = self.accounts.entry(customer_id).or_default();
        let entry = account.draft((id, customer_id), cause, points, (now, self.shop));
        let after = account.with(&entry);
        *account = after.map_err(|refusal| Error::field("points", refusal.to_string()))?;
        self.last = id;
        *self.days.entry(entry.day).or_default() += DaySums::of(&entry);
        let key = keys::ledger(&self.shop.id, customer_id, account.entries);
        self.rows.put(entity::item(&key, "ledger", &entry)?).await?;
        self.rows.push(&POINT_HISTORY, id, ONLY, &entry).await
    }

    /// Writes what is left, the accounts, the tallies and the counter of ids.
    pub async fn finish(mut self) -> Result<(), Error> {
        for (customer, account) in &self.accounts {
            self.rows.put(entity::item(&keys::account(&self.shop.id, *customer), "account", account)?).await?;
        }
        for (day, sums) in &self.days {
            self.rows.put(point_days::item(&self.shop.id, *day, sums)).await?;
        }
        sequence::skip_to(self.store, &self.shop.id, POINT_HISTORY.name, self.last + 1).await?;
        self.rows.finish().await
    }
}
