//! Bulk load of a point history into a shop that has none: entries, ledgers and accounts, without transactions.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{
    keys,
    loyalty::{days, history::POINT_HISTORY},
};
use domain::{
    error::Error,
    id::Id,
    points::{Account, Cause},
    shop::Shop,
};
use store::{
    additions::Additions,
    client::Store,
    entity,
    pages::{ONLY, bulk},
    sequence,
};

/// A bulk load of entries whose ids the caller assigns in ascending order. No list shows them before [`Load::finish`].
#[derive(Debug)]
pub struct Load<'a> {
    store: &'a Store,
    shop: &'a Shop,
    rows: bulk::Load<'a>,
    accounts: HashMap<Id, Account>,
    days: Additions,
    last: Id,
}

impl<'a> Load<'a> {
    /// Starts a load into a shop whose point history is empty.
    pub fn new(store: &'a Store, shop: &'a Shop) -> Self {
        let rows = bulk::Load::new(store, &shop.id);
        Self { store, shop, rows, accounts: HashMap::new(), days: Additions::default(), last: 0 }
    }

    /// Adds a ledger entry of a customer.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the id is not above the one before it, or the balance would leave its range.
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
        days::count(&mut self.days, &self.shop.id, &entry);
        let key = keys::ledger(&self.shop.id, customer_id, account.entries);
        self.rows.put(entity::item(&key, "ledger", &entry)?).await?;
        self.rows.push(&POINT_HISTORY, id, ONLY, &entry).await
    }

    /// Writes the remaining rows, the accounts, the sums of days, the tallies and the sequence of ids.
    pub async fn finish(mut self) -> Result<(), Error> {
        for (customer, account) in &self.accounts {
            self.rows.put(entity::item(&keys::account(&self.shop.id, *customer), "account", account)?).await?;
        }
        for day in self.days.items() {
            self.rows.put(day).await?;
        }
        sequence::skip_to(self.store, &self.shop.id, POINT_HISTORY.name, self.last + 1).await?;
        self.rows.finish().await
    }
}
