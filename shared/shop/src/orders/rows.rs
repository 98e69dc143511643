//! Orders in the table: one item for what the shop sent, which entries of the point history refer to, and a small one for
//! what the order has done. Every transaction that an order takes part in is conditioned on the second, so that no state
//! acts twice, whatever comes at once, again, or late.

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join4};
use sha2::{Digest, Sha256};

use super::{
    customers, entity, keys, levels,
    order_uses::{self, Record},
    point_history::account,
    point_history_changes::give_back,
    posting::Posting,
    store::Store,
    transaction::{ABSENT, Label, Transaction, n},
};
use crate::{
    domain::{
        customer::Customer,
        id::Id,
        level,
        order::{Due, Effects, MAX_BYTES, Order, Snapshot},
        points::{Account, Cause},
        shop::{Shop, ShopId},
    },
    error::{Error, FieldErrors},
};

/// The label of what an order has done in a transaction.
const LABEL: Label = "order";

/// What an order has done, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// What it has done, and how it stands.
    pub effects: Effects,
    version: u64,
}

/// An order, if it is stored.
pub async fn find(store: &Store, shop: &ShopId, id: Id) -> Result<Option<Order>, Error> {
    store.read(&keys::order(shop, id)).await
}

/// How an order stands and what it has done, if it is stored. Whatever relies on that puts a condition on it.
pub async fn effects(store: &Store, shop: &ShopId, id: Id) -> Result<Option<Stored>, Error> {
    let Some(item) = store.get(&keys::order_effects(shop, id)).await? else { return Ok(None) };
    let (effects, version) = entity::versioned(item)?;
    Ok(Some(Stored { effects, version }))
}

/// Writes what an order has done; refused under `order` where that has changed since it was read.
pub(super) fn put_effects(
    transaction: &mut Transaction,
    shop: &ShopId,
    id: Id,
    before: Option<&Stored>,
    effects: &Effects,
) -> Result<(), Error> {
    let mut item = entity::item(&keys::order_effects(shop, id), "order_effects", effects)?;
    item.insert(entity::VERSION.to_owned(), n(before.map_or(0, |stored| stored.version) + 1));
    let (condition, values) = match before {
        None => (ABSENT, Vec::new()),
        Some(stored) => ("#version = :version", vec![(":version", n(stored.version))]),
    };
    transaction.put(LABEL, item, Some(condition), values);
    Ok(())
}

/// An order with its customer.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The order.
    pub order: Order,
    /// The stored customer, who wins over the one in the order.
    pub customer: Option<Customer>,
}

/// An order with its customer: 2 round trips.
pub async fn get(store: &Store, shop: &ShopId, id: Id) -> Result<Shown, Error> {
    let order = find(store, shop, id).await?.ok_or(Error::NotFound)?;
    let customer = match order.customer_id {
        Some(id) => customers::get(store, shop, id).await?,
        None => None,
    };
    Ok(Shown { order, customer })
}

/// An order as it was put.
#[derive(Debug, Clone)]
pub struct Put {
    /// The stored order: an older snapshot changes nothing.
    pub shown: Shown,
    /// Whether it was not there before.
    pub is_new: bool,
    /// Whether what became of the codes that it uses is still to be stored: [`settle`](super::settling::settle) does.
    pub unsettled: bool,
}

/// A customer and the account.
type Buyer = (Customer, Account);

async fn buyer(store: &Store, shop: &Shop, id: Option<Id>) -> Result<Option<Buyer>, Error> {
    let Some(id) = id else { return Ok(None) };
    let (customer, account) = try_join(customers::get(store, &shop.id, id), account(store, &shop.id, id)).await?;
    Ok(customer.map(|customer| (customer, account)))
}

/// Plans an order as the shop sends it, in place of the one stored before, and what its state does to points and codes: 2
/// round trips, 3 where it does something, and 1 where it is the stored one again.
///
/// # Errors
/// [`Error::Invalid`] over [`MAX_BYTES`], for an unknown or another customer, and for more points than a balance holds.
pub async fn put(
    store: &Store,
    shop: &Shop,
    snapshot: &Snapshot,
    now: DateTime<Utc>,
) -> Result<(Transaction, Put), Error> {
    if snapshot.body.len() > MAX_BYTES {
        let message = format!("Ensure this order has no more than {MAX_BYTES} bytes.");
        return Err(Error::Invalid(FieldErrors::non_field(message)));
    }
    let id = snapshot.id;
    let named = snapshot.customer_id.flatten();
    let levels = async { if snapshot.paid.is_some() { levels::all(store, &shop.id).await } else { Ok(Vec::new()) } };
    let uses = async {
        let matters = snapshot.paid.is_some() || snapshot.cancelled;
        if matters { order_uses::read(store, &shop.id, id).await } else { Ok(Record::default()) }
    };
    let (stored, named_buyer, levels, uses) =
        try_join4(effects(store, &shop.id, id), buyer(store, shop, named), levels, uses).await?;
    let before = stored.as_ref().map(|stored| stored.effects.clone()).unwrap_or_default();
    if before.outdate(snapshot) {
        let shown = get(store, &shop.id, id).await?;
        return Ok((Transaction::default(), Put { shown, is_new: false, unsettled: false }));
    }
    if stored.is_some() && snapshot.customer_id.is_some_and(|sent| sent != before.customer_id) {
        return Err(Error::field(snapshot.customer_field, "The customer of an order cannot be changed."));
    }
    let customer_id = snapshot.customer_id.unwrap_or(before.customer_id);
    let buyer = if customer_id == named { named_buyer } else { buyer(store, shop, customer_id).await? };
    if let (Some(id), None) = (customer_id, &buyer) {
        return Err(Error::Invalid(FieldErrors::missing(snapshot.customer_field, id)));
    }
    let earned = buyer.as_ref().map_or(0, |(_, account)| account.earned_points);
    let (level, _) = level::standing(&levels, earned);
    let (mut after, due) = before.after(snapshot, level).ok_or_else(too_many)?;
    after.digest = format!("{:x}", Sha256::digest(&snapshot.body));
    let order = Order { id, customer_id, body: snapshot.body.clone() };
    let mut transaction = Transaction::default();
    // The same order again.
    if stored.is_some() && after == before {
        let shown = Shown { order, customer: buyer.map(|(customer, _)| customer) };
        return Ok((transaction, Put { shown, is_new: false, unsettled: false }));
    }
    transaction.put("order body", entity::item(&keys::order(&shop.id, id), "order", &order)?, None, Vec::new());
    put_effects(&mut transaction, &shop.id, id, stored.as_ref(), &after)?;
    let customer = buyer.as_ref().map(|(customer, _)| customer.clone());
    if let Some((customer, account)) = buyer.filter(|_| due.entries() > 0) {
        let posting = Posting::new(shop, customer.id, account, now);
        post(&mut transaction, store, posting, (id, &due)).await?;
    }
    let unsettled = end_uses(&mut transaction, &shop.id, id, &uses, (&before, &after), now)?;
    Ok((transaction, Put { shown: Shown { order, customer }, is_new: stored.is_none(), unsettled }))
}

/// What an order that becomes paid or cancelled makes of the codes and rules that it uses. Answers whether something of
/// that is still to be stored.
fn end_uses(
    transaction: &mut Transaction,
    shop: &ShopId,
    id: Id,
    record: &Record,
    (before, after): (&Effects, &Effects),
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let cancelled = after.cancelled && !before.cancelled;
    let mut uses = record.uses.clone();
    if after.paid && !before.paid {
        uses.pay(now);
    }
    if cancelled {
        uses.release(now);
    }
    // A cancelled order changes the record even where it uses nothing: a use that was planned before is refused, and
    // planned anew on the cancelled order.
    if cancelled || uses != record.uses {
        order_uses::write(transaction, shop, id, record, &uses)?;
    }
    Ok(uses.is_pending())
}

fn too_many() -> Error {
    Error::field("paid_price", "The balance would be too large.")
}

/// Adds what an order does to the points of its customer.
async fn post(
    transaction: &mut Transaction,
    store: &Store,
    mut posting: Posting<'_>,
    (order_id, due): (Id, &Due),
) -> Result<(), Error> {
    let mut ids = posting.ids(store, 0, due.entries()).await?..;
    let mut next = || ids.next().unwrap_or_default();
    if let Some(points) = due.buy {
        posting.post(next(), Cause::Buy { order_id }, points).map_err(|_| too_many())?;
    }
    for spent in &due.returned {
        give_back(&mut posting, transaction, next(), (spent.redeemed(), spent.points), Some(order_id))?;
    }
    // What the balance does not hold is written off.
    let reverse = due.reverse.min(posting.account.points);
    if reverse > 0 {
        posting.post(next(), Cause::Reverse { order_id }, -reverse).map_err(|_| too_many())?;
    }
    posting.write(transaction)
}
