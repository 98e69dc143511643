//! Plans for the ledger entries that a client asks for: adjust, sign in, redeem, refund (docs/api/point-history.md).
//!
//! A plan is a function that reads all that a change depends on and returns a [`Transaction`] for `Store::carry_out`,
//! which plans again if a condition fails. The plans here read in parallel and write one transaction each. Their costs
//! in round trips include that transaction.

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join3, try_join4, try_join5};

use crate::{
    crm::customers,
    keys,
    loyalty::{
        give_back::{give_back, impossible},
        history::{POINT_HISTORY, account},
        levels,
        posting::{self, Posting},
    },
    orders,
};
use domain::{
    customer::Customer,
    error::{Error, FieldErrors},
    id::Id,
    level,
    order::{Order, Spent},
    points::{Cause, PointEntry, Redeemed, kind},
    redemption::{Allowance, MAX_OF_ORDER},
    shop::Shop,
};
use store::{client::Store, transaction::Transaction};

/// A new ledger entry with the customer and the order that it refers to.
#[derive(Debug, Clone)]
pub struct Posted {
    /// The new entry.
    pub entry: PointEntry,
    /// The customer whose balance changed.
    pub customer: Customer,
    /// The order that the entry names, if it names one.
    pub order: Option<Order>,
}

fn unknown_customer(id: Id) -> Error {
    Error::Invalid(FieldErrors::missing("customer_id", id))
}

/// Plans a manual adjustment by `points`, which are signed: 2 round trips.
///
/// # Errors
/// [`Error::Invalid`] for an unknown customer, and for points that would take the balance out of its range.
pub async fn adjust(
    store: &Store,
    shop: &Shop,
    (customer_id, points): (Id, i64),
    now: DateTime<Utc>,
) -> Result<(Transaction, Posted), Error> {
    let (customer, account, id) = try_join3(
        customers::get(store, &shop.id, customer_id),
        account(store, &shop.id, customer_id),
        posting::reserve(store, shop, 1),
    )
    .await?;
    let customer = customer.ok_or_else(|| unknown_customer(customer_id))?;
    let mut posting = Posting::new(shop, customer_id, account, now);
    let id = posting.ids(store, id, 1).await?;
    let entry = posting.post(id, Cause::Manual, points);
    let entry = entry.map_err(|refusal| Error::field("points", refusal.to_string()))?;
    let mut transaction = Transaction::default();
    posting.write(&mut transaction)?;
    Ok((transaction, Posted { entry, customer, order: None }))
}

/// Plans a sign-in for the current day of the shop: 2 round trips.
///
/// # Errors
/// [`Error::Invalid`] for an unknown customer. [`Error::Conflict`] for a customer who has no level, or who has signed
/// in on this day.
pub async fn sign(
    store: &Store,
    shop: &Shop,
    customer_id: Id,
    now: DateTime<Utc>,
) -> Result<(Transaction, Posted), Error> {
    let (customer, account, levels, id) = try_join4(
        customers::get(store, &shop.id, customer_id),
        account(store, &shop.id, customer_id),
        levels::all(store, &shop.id),
        posting::reserve(store, shop, 1),
    )
    .await?;
    let customer = customer.ok_or_else(|| unknown_customer(customer_id))?;
    let (level, _) = level::level_and_next(&levels, account.earned_points);
    let level = level.ok_or_else(|| Error::conflict("This customer has no level."))?;
    let mut posting = Posting::new(shop, customer_id, account, now);
    if posting.account.has_signed_on(posting.day()) {
        return Err(Error::conflict("This customer has signed in today."));
    }
    let id = posting.ids(store, id, 1).await?;
    let entry = posting.post(id, Cause::Sign, level.sign_points.into()).map_err(impossible)?;
    let mut transaction = Transaction::default();
    posting.write(&mut transaction)?;
    Ok((transaction, Posted { entry, customer, order: None }))
}

/// Input of a redemption of points.
#[derive(Debug, Clone, Copy, Default)]
pub struct Redemption {
    /// The customer who spends the points.
    pub customer_id: Id,
    /// Number of points to spend, above 0.
    pub points: i64,
    /// The order that the points pay for; it must be stored.
    pub order_id: Option<Id>,
}

/// Plans a redemption of points: 2 round trips. The balance, the caps of the customer's level and the order are those
/// of the plan's reading; the transaction is conditioned on the account and the order.
///
/// # Errors
/// [`Error::Invalid`] for an unknown customer or order, for another customer's order, for an order with too many live
/// redemptions, and for more points than the balance or the customer's level allows. [`Error::Conflict`] for a
/// cancelled order.
pub async fn redeem(
    store: &Store,
    shop: &Shop,
    redemption: Redemption,
    now: DateTime<Utc>,
) -> Result<(Transaction, Posted), Error> {
    let Redemption { customer_id, points, order_id } = redemption;
    let (customer, account, levels, order, id) = try_join5(
        customers::get(store, &shop.id, customer_id),
        account(store, &shop.id, customer_id),
        levels::all(store, &shop.id),
        order_of(store, shop, order_id),
        posting::reserve(store, shop, 1),
    )
    .await?;
    let unknown = [
        customer.is_none().then(|| FieldErrors::missing("customer_id", customer_id)),
        order_id.filter(|_| order.is_none()).map(|id| FieldErrors::missing("order_id", id)),
    ];
    let unknown = unknown.into_iter().flatten().fold(FieldErrors::NONE, FieldErrors::and);
    let Some(customer) = customer.filter(|_| unknown.is_empty()) else { return Err(Error::Invalid(unknown)) };
    if let Some((_, stored)) = &order {
        check_order(stored, customer_id)?;
    }
    let (level, _) = level::level_and_next(&levels, account.earned_points);
    let mut posting = Posting::new(shop, customer_id, account, now);
    let allowance = Allowance::of(&posting.account, level, posting.day())
        .ok_or_else(|| Error::field("points", "This customer's level redeems no points; 0 can be redeemed."))?;
    let price = allowance.redeem(points).map_err(|reasons| {
        let messages = FieldErrors::Messages(reasons.into_iter().map(Into::into).collect());
        Error::Invalid(FieldErrors::Fields(vec![("points".into(), messages)]))
    })?;
    let id = posting.ids(store, id, 1).await?;
    let entry = posting.post(id, Cause::Redeem { order_id, price }, -points).map_err(impossible)?;
    let mut transaction = Transaction::default();
    posting.write(&mut transaction)?;
    if let Some((order, stored)) = &order {
        let mut effects = stored.effects.clone();
        effects.spent.push(Spent { id, points, month: entry.month() });
        orders::effects::put_effects(&mut transaction, &shop.id, order.id, Some(stored), &effects)?;
    }
    Ok((transaction, Posted { entry, customer, order: order.map(|(order, _)| order) }))
}

/// Reads an order and its effects; `None` if no order is named or it is not stored.
async fn order_of(
    store: &Store,
    shop: &Shop,
    id: Option<Id>,
) -> Result<Option<(Order, orders::effects::StoredEffects)>, Error> {
    let Some(id) = id else { return Ok(None) };
    let order = orders::rows::find(store, &shop.id, id);
    let (order, effects) = try_join(order, orders::effects::effects(store, &shop.id, id)).await?;
    Ok(order.zip(effects))
}

fn check_order(stored: &orders::effects::StoredEffects, customer_id: Id) -> Result<(), Error> {
    let effects = &stored.effects;
    if effects.customer_id != Some(customer_id) {
        return Err(Error::field("order_id", "This order is not of this customer."));
    }
    if effects.cancelled {
        return Err(Error::conflict("This order is cancelled."));
    }
    if effects.spent.len() >= MAX_OF_ORDER {
        let message = format!("This order has {MAX_OF_ORDER} live redemptions, which is the most.");
        return Err(Error::field("order_id", message));
    }
    Ok(())
}

/// Plans the refund of a redemption: 3 round trips. The month's redeemed points go down by the refunded points.
///
/// # Errors
/// [`Error::Invalid`] if there is no such entry or it is no redemption. [`Error::Conflict`] if it was refunded before.
pub async fn refund(
    store: &Store,
    shop: &Shop,
    redemption_id: Id,
    now: DateTime<Utc>,
) -> Result<(Transaction, Posted), Error> {
    let key = POINT_HISTORY.key(&shop.id, redemption_id);
    let (redemption, id) = try_join(store.read::<PointEntry>(&key), posting::reserve(store, shop, 1)).await?;
    let field = "point_history_id";
    let redemption = redemption.ok_or_else(|| Error::Invalid(FieldErrors::missing(field, redemption_id)))?;
    if redemption.kind != kind::REDEEM {
        return Err(Error::field(field, "This entry is no redemption."));
    }
    let customer_id = redemption.customer_id;
    let (customer, account, refunded, order) = try_join4(
        customers::get(store, &shop.id, customer_id),
        account(store, &shop.id, customer_id),
        store.get(&keys::refund(&shop.id, customer_id, redemption_id)),
        order_of(store, shop, redemption.order_id),
    )
    .await?;
    let customer = customer.ok_or_else(|| Error::Internal(format!("entry {redemption_id} has no customer")))?;
    if refunded.is_some() {
        return Err(Error::conflict("This redemption was refunded already."));
    }
    let mut posting = Posting::new(shop, customer_id, account, now);
    let id = posting.ids(store, id, 1).await?;
    let redeemed = Redeemed { id: redemption_id, month: redemption.month() };
    let mut transaction = Transaction::default();
    let entry = give_back(&mut posting, &mut transaction, id, (redeemed, -redemption.points), redemption.order_id)?;
    posting.write(&mut transaction)?;
    if let Some((order, stored)) = &order {
        let mut effects = stored.effects.clone();
        effects.spent.retain(|spent| spent.id != redemption_id);
        orders::effects::put_effects(&mut transaction, &shop.id, order.id, Some(stored), &effects)?;
    }
    Ok((transaction, Posted { entry, customer, order: order.map(|(order, _)| order) }))
}
