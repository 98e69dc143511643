//! The import of customers: all or nothing. A few fit into one transaction; more are a batch.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{
    Item,
    attempts::Attempts,
    batches::Batch,
    customers::{self, CREATED, Put},
    sequence,
    store::Store,
    transaction::{MAX_ITEMS, Transaction},
};
use crate::{
    domain::{
        customer::{Customer, CustomerDraft},
        id::Id,
        shop::ShopId,
    },
    error::Error,
};

/// The kind of the batch.
pub const KIND: &str = "customer_import";

/// A customer of an import.
pub type Draft = (Id, CustomerDraft);

/// The items that one customer takes in a transaction at the most: row, position, two mobile numbers, and the tallies of
/// both lists.
const ITEMS_OF_ONE: usize = 4 + super::pages::SPARSE.len() + super::pages::DENSE.len();

/// So many customers fit into one transaction, wherever their ids lie, beside the guard and a batch's record.
pub const FEW: usize = (MAX_ITEMS - 2) / ITEMS_OF_ONE;

/// How many customers a step looks at; neighbours share tallies, so more than [`FEW`] may fit.
const LOOK_AHEAD: usize = 24;

/// What a plan relies on: the rows that are there, and positions for the customers that are not.
struct Found {
    rows: HashMap<Id, Item>,
    positions: HashMap<Id, u64>,
}

impl Found {
    async fn read(store: &Store, shop: &ShopId, drafts: &[Draft]) -> Result<Self, Error> {
        let ids = || drafts.iter().map(|(id, _)| *id);
        let rows = customers::rows(store, shop, ids()).await?;
        let new: Vec<_> = ids().filter(|id| !rows.contains_key(id)).collect();
        let first =
            if new.is_empty() { 0 } else { sequence::reserve(store, shop, CREATED.name, new.len() as u64).await? };
        Ok(Self { rows, positions: new.into_iter().zip(first..).collect() })
    }

    /// Plans as many of these customers as fit into one transaction.
    fn plan(&self, shop: &ShopId, drafts: &[Draft], now: DateTime<Utc>) -> Result<(Transaction, Vec<Put>), Error> {
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

/// Plans as many of these as fit into one transaction: at least [`FEW`], where there are so many.
pub async fn plan(
    store: &Store,
    shop: &ShopId,
    drafts: &[Draft],
    now: DateTime<Utc>,
) -> Result<(Transaction, Vec<Put>), Error> {
    let drafts = &drafts[..drafts.len().min(LOOK_AHEAD)];
    Found::read(store, shop, drafts).await?.plan(shop, drafts, now)
}

/// The customers as they will be after an import, in the order of the input.
pub async fn preview(
    store: &Store,
    shop: &ShopId,
    drafts: &[Draft],
    now: DateTime<Utc>,
) -> Result<Vec<Customer>, Error> {
    let mut rows = customers::rows(store, shop, drafts.iter().map(|(id, _)| *id)).await?;
    let after = |(id, draft): &Draft| {
        let stored = rows.remove(id).map(customers::of_item).transpose()?;
        Ok(draft.clone().over(*id, stored.as_ref(), now))
    };
    drafts.iter().map(after).collect()
}

/// Does what is left of a batch, and answers all of its customers in the order of the input.
///
/// # Errors
/// [`Error::AtWork`] where another process has taken over.
pub async fn carry_on(store: &Store, batch: &mut Batch) -> Result<Vec<Customer>, Error> {
    let drafts: Vec<Draft> = batch.items(store).await?;
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
    // Those that another process had written before.
    let others = drafts.iter().map(|(id, _)| *id).filter(|id| !imported.contains_key(id));
    for (id, row) in customers::rows(store, &shop, others).await? {
        imported.insert(id, customers::of_item(row)?);
    }
    Ok(drafts.iter().filter_map(|(id, _)| imported.remove(id)).collect())
}

const _: () = assert!(FEW >= 1 && FEW <= LOOK_AHEAD);
