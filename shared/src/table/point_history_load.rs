//! The bulk load of a point history into a shop that has none: entries, ledgers and accounts, without transactions.

use std::collections::HashMap;

use super::{
    entity, keys,
    pages::{ONLY, bulk},
    point_history::POINT_HISTORY,
    sequence,
    store::Store,
};
use crate::{
    domain::{
        id::Id,
        points::{Account, PointEntry},
        shop::ShopId,
    },
    error::Error,
};

/// A load of entries with ids of ours, in ascending order. Until [`Load::finish`] none is in a list.
#[derive(Debug)]
pub struct Load<'a> {
    store: &'a Store,
    shop: &'a ShopId,
    rows: bulk::Load<'a>,
    accounts: HashMap<Id, Account>,
    last: Id,
}

impl<'a> Load<'a> {
    /// Starts a load into a shop whose point history is empty.
    pub fn new(store: &'a Store, shop: &'a ShopId) -> Self {
        Self { store, shop, rows: bulk::Load::new(store, shop), accounts: HashMap::new(), last: 0 }
    }

    /// Adds an entry; `earned` as in [`Account::after`].
    ///
    /// # Errors
    /// [`Error::Invalid`] where the id does not grow or the balance would leave its range.
    pub async fn push(&mut self, entry: &PointEntry, earned: bool) -> Result<(), Error> {
        if entry.id <= self.last {
            return Err(Error::field("id", "Ids must grow."));
        }
        let account = self.accounts.entry(entry.customer_id).or_default();
        let after = account.after(entry.id, entry.points, earned);
        *account = after.map_err(|refusal| Error::field("points", refusal.to_string()))?;
        self.last = entry.id;
        let key = keys::ledger(self.shop, entry.customer_id, account.entries);
        self.rows.put(entity::item(&key, "ledger", entry)?).await?;
        self.rows.push(&POINT_HISTORY, entry.id, ONLY, entry).await
    }

    /// Writes what is left, the accounts, the tallies and the counter of ids.
    pub async fn finish(mut self) -> Result<(), Error> {
        for (customer, account) in &self.accounts {
            self.rows.put(entity::item(&keys::account(self.shop, *customer), "account", account)?).await?;
        }
        sequence::skip_to(self.store, self.shop, POINT_HISTORY.name, self.last + 1).await?;
        self.rows.finish().await
    }
}
