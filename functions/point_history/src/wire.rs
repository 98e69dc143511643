//! Entries of the point history as they stand on the wire: three shapes, all as documented.

use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use shared::{
    Error,
    domain::{
        id::Id,
        points::{MAX_ADJUSTMENT, PointEntry},
        timestamp,
    },
    http::fields::{Checked, Fields, integer, relation},
    shop::loyalty::{
        changes::{Posted, Redemption},
        history::Nested,
    },
    wire::{customer::CustomerReply, order},
};
use utoipa::ToSchema;

/// An entry of the point history as a list shows it, and the reply to what writes one: the order is nested.
#[derive(Serialize, ToSchema)]
#[schema(as = PointHistory)]
pub(crate) struct EntryReply {
    /// The id of the entry, increasing in order of creation.
    #[schema(example = 11742)]
    id: Id,
    /// The customer whose points they are; null only where the customer is not known any more.
    customer: Option<CustomerReply>,
    /// How many points: positive is earned, negative is spent, taken back or expired.
    #[schema(example = 100)]
    points: i64,
    /// What the entry is for: `buy` (an order), `manual` (an adjustment), `sign` (a sign-in), `redeem`, `expire`, or
    /// `refund`: positive is a redemption that came back, negative what an order had earned. An open list: there may be more.
    #[schema(example = "buy")]
    kind: String,
    /// The order that caused the entry, as the shop sent it, with the customer as stored here; null without one.
    #[schema(value_type = Option<Object>)]
    order: Option<Box<RawValue>>,
    /// When the entry was written.
    #[schema(format = DateTime, example = "2018-09-04T13:55:20.294707+08:00")]
    created_at: String,
    /// What a redemption was worth, in yuan; only a redemption's entry has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "decimal", example = "1.00")]
    points_price: Option<String>,
}

/// An entry of the point history by itself: the order is named by its id.
#[derive(Serialize, ToSchema)]
#[schema(as = PointHistoryDetail)]
pub(crate) struct EntryDetail {
    /// The id of the entry, increasing in order of creation.
    #[schema(example = 11742)]
    id: Id,
    /// The customer whose points they are; null only where the customer is not known any more.
    customer: Option<CustomerReply>,
    /// How many points: positive is earned, negative is spent, taken back or expired.
    #[schema(example = 100)]
    points: i64,
    /// What the entry is for: `buy` (an order), `manual` (an adjustment), `sign` (a sign-in), `redeem`, `expire`, or
    /// `refund`: positive is a redemption that came back, negative what an order had earned. An open list: there may be more.
    #[schema(example = "buy")]
    kind: String,
    /// The id of the order that caused the entry; null without one.
    #[schema(example = 2528283)]
    order_id: Option<Id>,
    /// When the entry was written.
    #[schema(format = DateTime, example = "2018-09-04T13:55:20.294707+08:00")]
    created_at: String,
    /// What a redemption was worth, in yuan; only a redemption's entry has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "decimal", example = "1.00")]
    points_price: Option<String>,
}

impl EntryReply {
    /// An entry that a request wrote.
    pub(crate) fn of_posted(posted: Posted, zone: Tz) -> Result<Self, Error> {
        let Posted { entry, customer, order } = posted;
        let customers = [(customer.id, customer)].into();
        let orders = order.into_iter().map(|order| (order.id, order)).collect();
        Self::new(entry, &Nested { customers, orders }, zone)
    }

    /// The entry with what it refers to.
    pub(crate) fn new(entry: PointEntry, nested: &Nested, zone: Tz) -> Result<Self, Error> {
        let customer = |id: Id| nested.customers.get(&id).map(|customer| CustomerReply::new(customer, zone));
        let stored = entry.order_id.and_then(|id| nested.orders.get(&id));
        let order = match stored {
            Some(order) => Some(order::render(order, order.customer_id.and_then(customer).as_ref())?),
            None => None,
        };
        Ok(Self {
            id: entry.id,
            customer: customer(entry.customer_id),
            points: entry.points,
            kind: entry.kind,
            order,
            created_at: timestamp::render(entry.created_at, zone),
            points_price: entry.points_price.map(|price| price.to_string()),
        })
    }
}

impl EntryDetail {
    /// The entry with its customer.
    pub(crate) fn new(entry: PointEntry, nested: &Nested, zone: Tz) -> Self {
        let customer = nested.customers.get(&entry.customer_id);
        Self {
            id: entry.id,
            customer: customer.map(|customer| CustomerReply::new(customer, zone)),
            points: entry.points,
            kind: entry.kind,
            order_id: entry.order_id,
            created_at: timestamp::render(entry.created_at, zone),
            points_price: entry.points_price.map(|price| price.to_string()),
        }
    }
}

/// An adjustment as it is sent.
#[derive(ToSchema)]
#[schema(as = PointHistoryAdjust)]
#[allow(dead_code, reason = "describes the body; `parse_adjust` reads it with every error at once")]
pub(crate) struct AdjustBody {
    /// The customer whose points are adjusted.
    #[schema(example = 100000)]
    customer_id: Id,
    /// How many points are given, or with a minus taken: -1000000000 to 1000000000, not 0. The balance never goes below 0.
    #[schema(minimum = -1000000000, maximum = 1000000000, example = 100)]
    points: i64,
}

/// A sign-in as it is sent.
#[derive(ToSchema)]
#[schema(as = PointHistorySign)]
#[allow(dead_code, reason = "describes the body; `parse_sign` reads it")]
pub(crate) struct SignBody {
    /// The customer who signs in.
    #[schema(example = 100000)]
    customer_id: Id,
}

/// A redemption as it is sent.
#[derive(ToSchema)]
#[schema(as = PointHistoryRedeem)]
#[allow(dead_code, reason = "describes the body; `parse_redeem` reads it with every error at once")]
pub(crate) struct RedeemBody {
    /// The customer who spends the points.
    #[schema(example = 100000)]
    customer_id: Id,
    /// How many points are spent: 1 to 2147483647.
    #[schema(minimum = 1, maximum = 2147483647, example = 100)]
    points: i64,
    /// The order that they pay for: a stored one of this customer. Null, the default, is none.
    #[schema(example = 2528283)]
    order_id: Option<Id>,
}

/// What gives a redemption back, as it is sent.
#[derive(ToSchema)]
#[schema(as = PointHistoryRefund)]
#[allow(dead_code, reason = "describes the body; `parse_refund` reads it")]
pub(crate) struct RefundBody {
    /// The id of the entry that the redemption wrote.
    #[schema(example = 92922)]
    point_history_id: Id,
}

/// Reads an adjustment from a body: customer and points. Whether there is such a customer is for the store to say.
pub(crate) fn parse_adjust(body: &Value) -> Checked<(Id, i64)> {
    let mut fields = Fields::of(body)?;
    let customer_id = fields.required("customer_id", relation);
    let points = fields.required("points", integer(-MAX_ADJUSTMENT..=MAX_ADJUSTMENT));
    if points == Some(0) {
        fields.reject("points", "Ensure this value is not 0.");
    }
    fields.build(|| Some((customer_id?, points?)))
}

/// Reads a sign-in from a body.
pub(crate) fn parse_sign(body: &Value) -> Checked<Id> {
    let mut fields = Fields::of(body)?;
    let customer_id = fields.required("customer_id", relation);
    fields.build(|| customer_id)
}

/// Reads a redemption from a body.
pub(crate) fn parse_redeem(body: &Value) -> Checked<Redemption> {
    let mut fields = Fields::of(body)?;
    let customer_id = fields.required("customer_id", relation);
    let points = fields.required("points", integer(1..=i64::from(i32::MAX)));
    let order_id = fields.relation_or_none("order_id");
    fields.build(|| Some(Redemption { customer_id: customer_id?, points: points?, order_id }))
}

/// Reads from a body which redemption is given back.
pub(crate) fn parse_refund(body: &Value) -> Checked<Id> {
    let mut fields = Fields::of(body)?;
    let redemption = fields.required("point_history_id", relation);
    fields.build(|| redemption)
}
