//! Customers as they are stored, under the shop's own ids (docs/api/customers.md).
//!
//! Two ranked lists hold them. The rows of `customer` are the customers by id; clients walk it by `id__gt`. The rows of
//! `customer_created` name the ids in the order of creation; newest first, it is the documented order.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::keys;
use domain::{
    customer::{Customer, CustomerDraft, MOBILE_LENGTH},
    error::{Error, FieldErrors},
    id::{Id, MAX_ID},
    shop::ShopId,
};
use store::{
    Item,
    client::{Range, Store},
    entity,
    pages::{Direction, List, ONLY, Page, PageNumber, Select, paginate},
    sequence,
    transaction::Transaction,
};

/// The ranked list of a shop's customers, by id.
pub static CUSTOMERS: List = List::sparse("customer");

/// The ranked list of the ids of a shop's customers, in order of creation.
pub static CREATED: List = List::dense("customer_created");

/// Largest number of rows that are read and sorted for one page, if no list has them in the requested order.
const MAX_SORTED: u64 = 2_000;

/// A row of [`CUSTOMERS`].
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    customer: Customer,
    /// Position of the customer in [`CREATED`].
    created: u64,
}

/// A row of [`CREATED`].
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pointer {
    customer_id: Id,
}

/// Order of a list of customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Order of creation.
    Created,
    /// Order of the ids.
    Id,
}

/// Filter of a list of customers.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Only customers with these ids.
    pub ids: Option<Vec<Id>>,
    /// Only customers with this mobile number, compared exactly.
    pub mobile: Option<String>,
}

/// Reads a customer; `None` if there is none.
pub async fn get(store: &Store, shop: &ShopId, id: Id) -> Result<Option<Customer>, Error> {
    store.read(&CUSTOMERS.key(shop, id)).await
}

/// Returns the body that was read, or its errors together with that of an unknown customer, so that a client sees all
/// errors at once. `named` is the field of the body that names a customer. A valid body costs nothing here; an invalid
/// one costs 1 round trip, to look up the customer.
///
/// # Errors
/// [`Error::Invalid`] with the errors of the body. The error of an unknown customer comes first.
pub async fn read_beside<T>(
    store: &Store,
    shop: &ShopId,
    named: Option<(&'static str, Id)>,
    read: Result<T, FieldErrors>,
) -> Result<T, Error> {
    let errors = match read {
        Ok(read) => return Ok(read),
        Err(errors) => errors,
    };
    match named {
        Some((field, id)) if get(store, shop, id).await?.is_none() => {
            Err(Error::Invalid(FieldErrors::missing(field, id).and(errors)))
        }
        _ => Err(Error::Invalid(errors)),
    }
}

/// Reads the ids of at most `limit` customers above `after`, ascending. Jobs walk over all customers with it.
pub(crate) async fn ids_after(store: &Store, shop: &ShopId, after: Id, limit: usize) -> Result<Vec<Id>, Error> {
    // DynamoDB refuses a range whose end is before its start.
    if after >= MAX_ID {
        return Ok(Vec::new());
    }
    let (first, last) = (keys::row_position(after + 1), keys::row_position(MAX_ID));
    let pk = CUSTOMERS.partition(shop, 0);
    let range = Range { pk, between: Some((first, last)), limit: Some(limit), ..Range::default() };
    Ok(store.query(&range).await?.iter().filter_map(entity::id).collect())
}

/// Reads the customer in a row of [`CUSTOMERS`].
pub fn of_item(item: Item) -> Result<Customer, Error> {
    entity::entity(item)
}

/// Reads the rows of these ids in one batch, without those that do not exist.
pub(crate) async fn rows(
    store: &Store,
    shop: &ShopId,
    ids: impl Iterator<Item = Id>,
) -> Result<HashMap<Id, Item>, Error> {
    let ids: BTreeSet<_> = ids.collect();
    let items = store.batch_get(ids.iter().map(|id| CUSTOMERS.key(shop, *id)).collect()).await?;
    Ok(items.into_iter().filter_map(|item| Some((entity::id(&item)?, item))).collect())
}

/// Reads the customers with these ids, without those that do not exist.
async fn by_ids(store: &Store, shop: &ShopId, ids: &[Id]) -> Result<HashMap<Id, Stored>, Error> {
    let rows = rows(store, shop, ids.iter().copied()).await?;
    rows.into_iter().map(|(id, item)| Ok((id, entity::entity(item)?))).collect()
}

/// Reads a page of customers.
///
/// A range of ids in order of creation is no contiguous part of any list. The whole range is read and sorted then, up
/// to [`MAX_SORTED`] rows.
///
/// # Errors
/// [`Error::Invalid`] for a filter that selects more than [`MAX_SORTED`] rows to be sorted.
pub async fn page(
    store: &Store,
    shop: &ShopId,
    filter: &Filter,
    order: Order,
    select: &Select,
) -> Result<Page<Customer>, Error> {
    if filter.ids.is_some() || filter.mobile.is_some() {
        let rows = filtered(store, shop, filter).await?;
        return sorted(rows, order, select);
    }
    let ranged = select.after.is_some() || select.before.is_some();
    match order {
        Order::Id => CUSTOMERS.page(store, shop, select).await?.try_map(of_item),
        Order::Created if ranged => {
            let number = PageNumber::Number(1);
            let all = Select { number, size: MAX_SORTED, direction: Direction::Ascending, ..select.clone() };
            let range = CUSTOMERS.page(store, shop, &all).await?;
            if range.count > MAX_SORTED {
                let message = format!("More than {MAX_SORTED} customers: narrow the range, or add order_by=id.");
                return Err(Error::field(if select.after.is_some() { "id__gt" } else { "id__lt" }, message));
            }
            let rows = range.rows.into_iter().map(entity::entity).collect::<Result<_, _>>()?;
            sorted(rows, order, select)
        }
        Order::Created => {
            let id_of = |row| entity::entity(row).map(|pointer: Pointer| pointer.customer_id);
            let page = CREATED.page(store, shop, select).await?.try_map(id_of)?;
            let mut found = by_ids(store, shop, &page.rows).await?;
            let rows = page.rows.iter().filter_map(|id| found.remove(id)).map(|stored| stored.customer).collect();
            Ok(page.with(rows))
        }
    }
}

/// Reads the bounded collection of customers that a filter selects from.
async fn filtered(store: &Store, shop: &ShopId, filter: &Filter) -> Result<Vec<Stored>, Error> {
    let ids = match (&filter.ids, &filter.mobile) {
        (Some(ids), _) => ids.clone(),
        // No customer has a longer number, and it would not fit into a key.
        (None, Some(mobile)) if mobile.chars().count() > MOBILE_LENGTH => Vec::new(),
        (None, Some(mobile)) => {
            let limit = usize::try_from(MAX_SORTED + 1).ok();
            let range = Range { pk: keys::mobile_partition(shop, mobile), limit, ..Range::default() };
            let ids: Vec<_> = store.query(&range).await?.iter().filter_map(entity::id).collect();
            if ids.len() as u64 > MAX_SORTED {
                let message = format!("More than {MAX_SORTED} customers have this number.");
                return Err(Error::field("mobile", message));
            }
            ids
        }
        (None, None) => Vec::new(),
    };
    let rows = by_ids(store, shop, &ids).await?.into_values();
    let wanted = |stored: &Stored| filter.mobile.as_ref().is_none_or(|mobile| *mobile == stored.customer.mobile);
    Ok(rows.filter(wanted).collect())
}

/// Returns a page of rows that were all read.
fn sorted(mut rows: Vec<Stored>, order: Order, select: &Select) -> Result<Page<Customer>, Error> {
    rows.retain(|row| select.holds(row.customer.id));
    rows.sort_by_key(|row| match order {
        Order::Created => row.created,
        Order::Id => row.customer.id,
    });
    if select.direction == Direction::Descending {
        rows.reverse();
    }
    let customers = rows.into_iter().map(|row| row.customer).collect();
    paginate::of_rows(customers, select.number, select.size)
}

/// Result of [`put`].
#[derive(Debug, Clone)]
pub struct PutCustomer {
    /// The customer as it is stored now.
    pub customer: Customer,
    /// True if the customer did not exist before.
    pub created: bool,
}

/// Plans the creation or the update of a customer under the shop's own id.
pub async fn put(
    store: &Store,
    shop: &ShopId,
    id: Id,
    draft: CustomerDraft,
    now: DateTime<Utc>,
) -> Result<(Transaction, PutCustomer), Error> {
    let mut transaction = Transaction::default();
    let row = store.get(&CUSTOMERS.key(shop, id)).await?;
    let position = if row.is_none() { Some(sequence::next(store, shop, CREATED.name).await?) } else { None };
    let put = put_into(&mut transaction, shop, id, draft, (row, position), now)?;
    Ok((transaction, put))
}

/// Adds a customer to a transaction. `row` is the stored row of an existing customer; `position` is the position of a
/// new one in [`CREATED`].
pub(crate) fn put_into(
    transaction: &mut Transaction,
    shop: &ShopId,
    id: Id,
    draft: CustomerDraft,
    (row, position): (Option<Item>, Option<u64>),
    now: DateTime<Utc>,
) -> Result<PutCustomer, Error> {
    let stored = row.map(entity::versioned::<Stored>).transpose()?;
    let customer = draft.over(id, stored.as_ref().map(|(stored, _)| &stored.customer), now);
    let mobile_before = stored.as_ref().map(|(stored, _)| stored.customer.mobile.clone()).unwrap_or_default();
    let created = stored.is_none();
    match stored {
        Some((stored, version)) => {
            let row = Stored { customer: customer.clone(), ..stored };
            CUSTOMERS.replace(transaction, "customer", shop, (id, ONLY), version, &row)?;
        }
        None => {
            let position = position.ok_or_else(|| Error::Internal("a new customer has no position".to_owned()))?;
            let row = Stored { customer: customer.clone(), created: position };
            CUSTOMERS.insert(transaction, "customer", shop, (id, ONLY), &row)?;
            let pointer = Pointer { customer_id: id };
            CREATED.insert(transaction, "customer position", shop, (position, ONLY), &pointer)?;
        }
    }
    if mobile_before != customer.mobile {
        if !mobile_before.is_empty() {
            transaction.delete("mobile before", keys::mobile(shop, &mobile_before, id), None, Vec::new());
        }
        if !customer.mobile.is_empty() {
            let key = keys::mobile(shop, &customer.mobile, id);
            transaction.put("mobile", entity::item(&key, "mobile", &Pointer { customer_id: id })?, None, Vec::new());
        }
    }
    Ok(PutCustomer { customer, created })
}
