//! The import of customers: all or nothing. A few fit into one transaction; more are a batch.

use chrono::{DateTime, Utc};

use super::{
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

/// Plans as many of these as fit into one transaction: at least [`FEW`], where there are so many.
pub async fn plan(
    store: &Store,
    shop: &ShopId,
    drafts: &[Draft],
    now: DateTime<Utc>,
) -> Result<(Transaction, Vec<Put>), Error> {
    let drafts = &drafts[..drafts.len().min(LOOK_AHEAD)];
    let rows = customers::rows(store, shop, drafts.iter().map(|(id, _)| *id)).await?;
    let new = drafts.len() - rows.len();
    let mut position = if new == 0 { 0 } else { sequence::reserve(store, shop, CREATED.name, new as u64).await? };
    let mut transaction = Transaction::default();
    let mut puts = Vec::with_capacity(drafts.len());
    for (id, draft) in drafts {
        let row = rows.get(id).cloned();
        let new_position = row.is_none().then_some(position);
        position += u64::from(row.is_none());
        let mut longer = transaction.clone();
        let put = customers::put_into(&mut longer, shop, *id, draft.clone(), (row, new_position), now)?;
        if longer.len() + 2 > MAX_ITEMS {
            break;
        }
        transaction = longer;
        puts.push(put);
    }
    Ok((transaction, puts))
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
    while batch.done < drafts.len() {
        let (transaction, puts) = plan(store, &shop, &drafts[batch.done..], batch.began_at).await?;
        if batch.step(store, transaction, puts.len()).await? {
            attempts = Attempts::default();
        } else {
            attempts.pause().await?;
        }
    }
    let mut rows = customers::rows(store, &shop, drafts.iter().map(|(id, _)| *id)).await?;
    let imported = drafts.iter().filter_map(|(id, _)| rows.remove(id)).map(customers::of_item);
    imported.collect()
}

const _: () = assert!(FEW >= 1 && FEW <= LOOK_AHEAD);
