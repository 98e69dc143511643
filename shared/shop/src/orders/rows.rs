//! Orders as they are stored (docs/api/orders.md). One item holds the order as the shop sent it; ledger entries refer
//! to it. A small second item holds the order's effects: its state, and what that state has done so far. Every
//! transaction that an order takes part in is conditioned on the effects. So no state acts twice, even if requests come
//! in parallel, again, or late.

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join4};
use sha2::{Digest, Sha256};

use crate::{
    crm::customers,
    keys,
    loyalty::{give_back::give_back, history::account, levels, posting::Posting},
    orders::{
        effects::{effects, put_effects},
        uses::{self, VersionedUses},
    },
};
use domain::{
    customer::Customer,
    error::{Error, FieldErrors},
    id::Id,
    level,
    order::{Due, Effects, MAX_BYTES, Order, Snapshot},
    points::{Account, Cause},
    shop::{Shop, ShopId},
};
use store::{client::Store, entity, transaction::Transaction};

/// Reads an order as the shop sent it; `None` if it is not stored.
pub async fn find(store: &Store, shop: &ShopId, id: Id) -> Result<Option<Order>, Error> {
    store.read(&keys::order(shop, id)).await
}

/// An order together with its customer.
#[derive(Debug, Clone)]
pub struct OrderWithCustomer {
    /// The order as the shop sent it.
    pub order: Order,
    /// The stored customer, which replies show in place of the one in the order.
    pub customer: Option<Customer>,
}

/// Reads an order and its customer: 2 round trips.
///
/// # Errors
/// [`Error::NotFound`] if the order is not stored.
pub async fn get(store: &Store, shop: &ShopId, id: Id) -> Result<OrderWithCustomer, Error> {
    let order = find(store, shop, id).await?.ok_or(Error::NotFound)?;
    let customer = match order.customer_id {
        Some(id) => customers::get(store, shop, id).await?,
        None => None,
    };
    Ok(OrderWithCustomer { order, customer })
}

/// Result of [`put`].
#[derive(Debug, Clone)]
pub struct PutOrder {
    /// The stored order. An older snapshot leaves it unchanged.
    pub shown: OrderWithCustomer,
    /// True if the order was not stored before.
    pub is_new: bool,
    /// True if the outcome for the order's codes is still to be stored. [`settle`](super::settling::settle) stores it.
    pub unsettled: bool,
}

/// A customer together with the account.
type Buyer = (Customer, Account);

async fn buyer(store: &Store, shop: &Shop, id: Option<Id>) -> Result<Option<Buyer>, Error> {
    let Some(id) = id else { return Ok(None) };
    let (customer, account) = try_join(customers::get(store, &shop.id, id), account(store, &shop.id, id)).await?;
    Ok(customer.map(|customer| (customer, account)))
}

/// Plans an order as the shop sends it, in place of the stored one, with the effects of its state on points and codes.
/// It costs 2 round trips, 3 if the order has an effect on points, and 1 if the same order is sent again.
///
/// # Errors
/// [`Error::Invalid`] for an order above [`MAX_BYTES`], for an unknown customer, for another customer than the stored
/// one, and for more points than a balance holds.
pub async fn put(
    store: &Store,
    shop: &Shop,
    snapshot: &Snapshot,
    now: DateTime<Utc>,
) -> Result<(Transaction, PutOrder), Error> {
    if snapshot.body.len() > MAX_BYTES {
        let message = format!("Ensure this order has no more than {MAX_BYTES} bytes.");
        return Err(Error::Invalid(FieldErrors::non_field(message)));
    }
    let id = snapshot.id;
    let named = snapshot.customer_id.flatten();
    let levels = async { if snapshot.paid.is_some() { levels::all(store, &shop.id).await } else { Ok(Vec::new()) } };
    let uses = async {
        let matters = snapshot.paid.is_some() || snapshot.cancelled;
        if matters { uses::read(store, &shop.id, id).await } else { Ok(VersionedUses::default()) }
    };
    let (stored, named_buyer, levels, uses) =
        try_join4(effects(store, &shop.id, id), buyer(store, shop, named), levels, uses).await?;
    let before = stored.as_ref().map(|stored| stored.effects.clone()).unwrap_or_default();
    if before.outdate(snapshot) {
        let shown = get(store, &shop.id, id).await?;
        return Ok((Transaction::default(), PutOrder { shown, is_new: false, unsettled: false }));
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
    let (level, _) = level::level_and_next(&levels, earned);
    let (mut after, due) = before.after(snapshot, level).ok_or_else(too_many)?;
    after.digest = format!("{:x}", Sha256::digest(&snapshot.body));
    let order = Order { id, customer_id, body: snapshot.body.clone() };
    let mut transaction = Transaction::default();
    // The shop has sent the same order again.
    if stored.is_some() && after == before {
        let shown = OrderWithCustomer { order, customer: buyer.map(|(customer, _)| customer) };
        return Ok((transaction, PutOrder { shown, is_new: false, unsettled: false }));
    }
    transaction.put("order body", entity::item(&keys::order(&shop.id, id), "order", &order)?, None, Vec::new());
    put_effects(&mut transaction, &shop.id, id, stored.as_ref(), &after)?;
    let customer = buyer.as_ref().map(|(customer, _)| customer.clone());
    if let Some((customer, account)) = buyer.filter(|_| due.entries() > 0) {
        let posting = Posting::new(shop, customer.id, account, now);
        post(&mut transaction, store, posting, (id, &due)).await?;
    }
    let unsettled = end_uses(&mut transaction, &shop.id, id, &uses, (&before, &after), now)?;
    Ok((transaction, PutOrder { shown: OrderWithCustomer { order, customer }, is_new: stored.is_none(), unsettled }))
}

/// Plans the outcome for the codes and price rules of an order that becomes paid or cancelled. Returns true if some of
/// it is still to be stored.
fn end_uses(
    transaction: &mut Transaction,
    shop: &ShopId,
    id: Id,
    record: &VersionedUses,
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
    // A cancelled order changes the record even if it uses nothing. A use that was planned before is refused then, and
    // planned again on the cancelled order.
    if cancelled || uses != record.uses {
        uses::write(transaction, shop, id, record, &uses)?;
    }
    Ok(uses.is_pending())
}

fn too_many() -> Error {
    Error::field("paid_price", "The balance would be too large.")
}

/// Posts the ledger entries that the order's effects call for.
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
    // Points that the balance no longer holds are written off.
    let reverse = due.reverse.min(posting.account.points);
    if reverse > 0 {
        posting.post(next(), Cause::Reverse { order_id }, -reverse).map_err(|_| too_many())?;
    }
    posting.write(transaction)
}
