//! The point history as it is stored (docs/api/point-history.md).
//!
//! An entry is a row of the ranked list `point_history`, by id. Entries never change, so each has a copy in its
//! customer's ledger, numbered from 1 without gaps. The account gives the number, and every entry changes the account
//! for the balance anyway. So any page of one customer's entries is one range of sort keys, and a ledger needs no
//! tallies.

use std::collections::{HashMap, HashSet};

use futures_util::future::try_join_all;

use crate::{crm::customers, keys};
use domain::{
    customer::Customer,
    error::Error,
    id::Id,
    order::Order,
    points::{Account, PointEntry},
    shop::ShopId,
};
use store::{
    client::{Range, Store},
    entity,
    pages::{Direction, List, Page, Select, paginate},
};

/// The ranked list of a shop's point history, by id.
pub static POINT_HISTORY: List = List::dense("point_history");

/// Largest distance, in entries, from the nearer end of a list of several customers to the start of a page. That many
/// entries are read from each of their ledgers.
const MAX_MERGED: u64 = 2_000;

/// Reads a ledger entry by its id.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn get(store: &Store, shop: &ShopId, id: Id) -> Result<PointEntry, Error> {
    store.read(&POINT_HISTORY.key(shop, id)).await?.ok_or(Error::NotFound)
}

/// Reads a page of the entries of all customers.
pub async fn page(store: &Store, shop: &ShopId, select: &Select) -> Result<Page<PointEntry>, Error> {
    POINT_HISTORY.page(store, shop, select).await?.try_map(entity::entity)
}

/// Reads a page of the entries of these customers.
///
/// # Errors
/// [`Error::Invalid`] on `page` for a page of several customers that is more than 2,000 entries away from both ends.
pub async fn page_of_customers(
    store: &Store,
    shop: &ShopId,
    customers: &[Id],
    select: &Select,
) -> Result<Page<PointEntry>, Error> {
    let accounts = accounts(store, shop, customers).await?;
    let open = accounts.iter().map(|(customer, account)| Ledger::open(store, shop, *customer, account, select));
    let ledgers = try_join_all(open).await?;
    let count = ledgers.iter().map(Ledger::len).sum();
    let (number, offset) = paginate::locate(count, select.number, select.size)?;
    let wanted = select.size.min(count - offset);
    let rows = match ledgers.as_slice() {
        [ledger] => ledger.read(store, shop, offset, wanted, select.direction).await?,
        ledgers => merge(store, shop, ledgers, (offset, wanted), select.direction).await?,
    };
    Ok(Page { count, number, rows })
}

/// Reads the rows `offset..offset + wanted` of several ledgers in one order, from the nearer end.
async fn merge(
    store: &Store,
    shop: &ShopId,
    ledgers: &[Ledger],
    (offset, wanted): (u64, u64),
    direction: Direction,
) -> Result<Vec<PointEntry>, Error> {
    let count: u64 = ledgers.iter().map(Ledger::len).sum();
    let behind = count - offset - wanted;
    let from_end = behind < offset;
    if behind.min(offset) > MAX_MERGED {
        let message = format!("More than {MAX_MERGED} entries away from both ends: name fewer customers.");
        return Err(Error::field("page", message));
    }
    let (skip, read_in) = if from_end { (behind, direction.reversed()) } else { (offset, direction) };
    let reads = ledgers.iter().map(|ledger| ledger.read(store, shop, 0, skip + wanted, read_in));
    let mut rows: Vec<PointEntry> = try_join_all(reads).await?.into_iter().flatten().collect();
    rows.sort_by_key(|entry| entry.id);
    if read_in == Direction::Descending {
        rows.reverse();
    }
    let mut rows: Vec<_> = paginate::stretch(rows, skip, wanted).collect();
    if from_end {
        rows.reverse();
    }
    Ok(rows)
}

/// The range of a customer's ledger that a selection covers: entries numbered `first..=last`.
struct Ledger {
    customer: Id,
    first: u64,
    last: u64,
}

impl Ledger {
    /// Finds the range by the account. Bounds on ids cost a binary search each.
    async fn open(
        store: &Store,
        shop: &ShopId,
        customer: Id,
        account: &Account,
        select: &Select,
    ) -> Result<Self, Error> {
        let mut ledger = Self { customer, first: 1, last: account.entries };
        if let Some(after) = select.after {
            ledger.first = ledger.first_above(store, shop, after).await?;
        }
        if let Some(before) = select.before {
            ledger.last = ledger.first_above(store, shop, before.saturating_sub(1)).await? - 1;
        }
        Ok(ledger)
    }

    fn len(&self) -> u64 {
        (self.last + 1).saturating_sub(self.first)
    }

    /// Returns the number of the first entry whose id is above `id`. Ids grow along a ledger, so a binary search finds
    /// it.
    async fn first_above(&self, store: &Store, shop: &ShopId, id: Id) -> Result<u64, Error> {
        let (mut low, mut high) = (self.first, self.last + 1);
        while low < high {
            let middle = low.midpoint(high);
            let entry: PointEntry = store
                .read(&keys::ledger(shop, self.customer, middle))
                .await?
                .ok_or_else(|| Error::Internal("a ledger has a gap".to_owned()))?;
            if entry.id > id { high = middle } else { low = middle + 1 }
        }
        Ok(low)
    }

    /// Reads at most `wanted` entries after `offset`, in this direction.
    async fn read(
        &self,
        store: &Store,
        shop: &ShopId,
        offset: u64,
        wanted: u64,
        direction: Direction,
    ) -> Result<Vec<PointEntry>, Error> {
        let wanted = wanted.min(self.len().saturating_sub(offset));
        if wanted == 0 {
            return Ok(Vec::new());
        }
        let (first, last) = match direction {
            Direction::Ascending => (self.first + offset, self.first + offset + wanted - 1),
            Direction::Descending => (self.last + 1 - offset - wanted, self.last - offset),
        };
        let key = |index| keys::ledger(shop, self.customer, index);
        let (first, last) = (key(first), key(last));
        let descending = direction == Direction::Descending;
        let range = Range { pk: first.pk, between: Some((first.sk, last.sk)), descending, limit: None };
        store.query_as(&range).await
    }
}

/// Reads a customer's account. Returns an empty account for a customer without entries.
pub async fn account(store: &Store, shop: &ShopId, customer: Id) -> Result<Account, Error> {
    Ok(store.read(&keys::account(shop, customer)).await?.unwrap_or_default())
}

/// Reads the accounts of these customers, without those that have none. One customer is one read, several are one
/// batch.
pub(crate) async fn accounts(store: &Store, shop: &ShopId, customers: &[Id]) -> Result<Vec<(Id, Account)>, Error> {
    if let [customer] = customers {
        return Ok(vec![(*customer, account(store, shop, *customer).await?)]);
    }
    let ids: HashMap<_, _> = customers.iter().map(|id| (keys::account(shop, *id), *id)).collect();
    let items = store.batch_get(ids.keys().cloned().collect()).await?;
    let found = items.into_iter().filter_map(|item| Some((*ids.get(&entity::key(&item)?)?, item)));
    found.map(|(id, item)| Ok((id, entity::entity(item)?))).collect()
}

/// Customers and orders that ledger entries refer to, by id.
#[derive(Debug, Default)]
pub struct Nested {
    /// The customers of the entries.
    pub customers: HashMap<Id, Customer>,
    /// The stored orders that the entries name.
    pub orders: HashMap<Id, Order>,
}

/// Reads the customers that these entries refer to, and with `with_orders` their orders, in one batch.
pub async fn nested(store: &Store, shop: &ShopId, entries: &[PointEntry], with_orders: bool) -> Result<Nested, Error> {
    let customer_ids: HashSet<_> = entries.iter().map(|entry| entry.customer_id).collect();
    let order_ids: HashSet<_> = entries.iter().filter(|_| with_orders).filter_map(|entry| entry.order_id).collect();
    let customer_keys = customer_ids.iter().map(|id| customers::CUSTOMERS.key(shop, *id));
    let keys = customer_keys.chain(order_ids.iter().map(|id| keys::order(shop, *id))).collect();
    let mut nested = Nested::default();
    for item in store.batch_get(keys).await? {
        let is_order = item.get(keys::TYPE).and_then(|kind| kind.as_s().ok()).is_some_and(|kind| kind == "order");
        if is_order {
            let order: Order = entity::entity(item)?;
            nested.orders.insert(order.id, order);
        } else {
            let customer = customers::of_item(item)?;
            nested.customers.insert(customer.id, customer);
        }
    }
    Ok(nested)
}
