//! Import of customers, all or nothing (docs/api/customers.md). A small import is one transaction. A larger one is a
//! batch.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::crm::customers::{self, CREATED, PutCustomer};
use domain::{
    customer::{Customer, CustomerDraft},
    error::Error,
    id::Id,
    shop::ShopId,
};
use store::{
    Item,
    attempts::Attempts,
    batches::Batch,
    client::Store,
    sequence,
    transaction::{MAX_ITEMS, Transaction},
};

/// Kind of the batch, as its record names it.
pub const KIND: &str = "customer_import";

/// A customer to be imported, with the shop's own id.
pub type ImportedCustomer = (Id, CustomerDraft);

/// Largest number of items that one customer takes in a transaction: row, position, two mobile numbers, and the tallies
/// of both lists.
const ITEMS_OF_ONE: usize = 4 + store::pages::SPARSE.len() + store::pages::DENSE.len();

/// Number of customers that always fit into one transaction, whatever their ids are. The transaction also has the guard
/// of the request and the record of the batch.
pub const FEW: usize = (MAX_ITEMS - 2) / ITEMS_OF_ONE;

/// Number of customers that one step considers. Neighbours share tallies, so more than [`FEW`] may fit.
const LOOK_AHEAD: usize = 24;

/// State that a plan depends on: the rows of existing customers, and reserved positions for the new ones.
struct Found {
    rows: HashMap<Id, Item>,
    positions: HashMap<Id, u64>,
}

impl Found {
    async fn read(store: &Store, shop: &ShopId, drafts: &[ImportedCustomer]) -> Result<Self, Error> {
        let ids = || drafts.iter().map(|(id, _)| *id);
        let rows = customers::rows(store, shop, ids()).await?;
        let new: Vec<_> = ids().filter(|id| !rows.contains_key(id)).collect();
        let first =
            if new.is_empty() { 0 } else { sequence::reserve(store, shop, CREATED.name, new.len() as u64).await? };
        Ok(Self { rows, positions: new.into_iter().zip(first..).collect() })
    }

    /// Plans the first of these customers, as many as fit into one transaction.
    fn plan(
        &self,
        shop: &ShopId,
        drafts: &[ImportedCustomer],
        now: DateTime<Utc>,
    ) -> Result<(Transaction, Vec<PutCustomer>), Error> {
        let mut transaction = Transaction::default();
        let mut puts = Vec::new();
        for (id, draft) in drafts.iter().take(LOOK_AHEAD) {
            let there = (self.rows.get(id).cloned(), self.positions.get(id).copied());
            let put = transaction.extend_within(MAX_ITEMS - 2, |longer| {
                customers::put_into(longer, shop, *id, draft.clone(), there, now)
            })?;
            let Some(put) = put else { break };
            puts.push(put);
        }
        Ok((transaction, puts))
    }
}

/// Plans the first of these customers, as many as fit into one transaction: at least [`FEW`], or all if there are
/// fewer.
pub async fn plan(
    store: &Store,
    shop: &ShopId,
    drafts: &[ImportedCustomer],
    now: DateTime<Utc>,
) -> Result<(Transaction, Vec<PutCustomer>), Error> {
    let drafts = &drafts[..drafts.len().min(LOOK_AHEAD)];
    Found::read(store, shop, drafts).await?.plan(shop, drafts, now)
}

/// Returns the customers as they will be after an import, in the order of the input. Writes nothing.
pub async fn preview(
    store: &Store,
    shop: &ShopId,
    drafts: &[ImportedCustomer],
    now: DateTime<Utc>,
) -> Result<Vec<Customer>, Error> {
    let mut rows = customers::rows(store, shop, drafts.iter().map(|(id, _)| *id)).await?;
    let after = |(id, draft): &ImportedCustomer| {
        let stored = rows.remove(id).map(customers::of_item).transpose()?;
        Ok(draft.clone().over(*id, stored.as_ref(), now))
    };
    drafts.iter().map(after).collect()
}

/// Carries out the remaining steps of a batch. Returns all of its customers in the order of the input.
///
/// # Errors
/// [`Error::AtWork`] if another process has taken over the lease.
pub async fn carry_on(store: &Store, batch: &mut Batch) -> Result<Vec<Customer>, Error> {
    let drafts: Vec<ImportedCustomer> = batch.items(store).await?;
    let shop = batch.shop.clone();
    let mut attempts = Attempts::default();
    let (mut found, mut imported) = (None, HashMap::new());
    while batch.done < drafts.len() {
        let left = &drafts[batch.done..];
        let known = match found.take() {
            Some(known) => known,
            None => Found::read(store, &shop, left).await?,
        };
        let (transaction, puts) = known.plan(&shop, left, batch.began_at)?;
        if batch.step(store, transaction, puts.len()).await? {
            imported.extend(puts.into_iter().map(|put| (put.customer.id, put.customer)));
            found = Some(known);
            attempts = Attempts::default();
        } else {
            attempts.pause().await?;
        }
    }
    // Customers that another process wrote before it lost the lease.
    let others = drafts.iter().map(|(id, _)| *id).filter(|id| !imported.contains_key(id));
    for (id, row) in customers::rows(store, &shop, others).await? {
        imported.insert(id, customers::of_item(row)?);
    }
    Ok(drafts.iter().filter_map(|(id, _)| imported.remove(id)).collect())
}

const _: () = assert!(FEW >= 1 && FEW <= LOOK_AHEAD);
