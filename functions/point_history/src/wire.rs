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
    http::{
        customer::CustomerReply,
        fields::{Checked, Fields, integer, relation},
        order,
    },
    table::{
        point_history::Nested,
        point_history_changes::{Posted, Redemption},
    },
};
use utoipa::ToSchema;

/// An entry in a list, and the reply to an adjustment: the order is nested.
#[derive(Serialize, ToSchema)]
#[schema(as = PointHistory)]
pub(crate) struct EntryReply {
    /// Ours, increasing in order of creation.
    #[schema(example = 11742)]
    id: Id,
    /// Whose points; null only where the customer is not known any more.
    customer: Option<CustomerReply>,
    /// Signed.
    points: i64,
    /// What it was for: `buy`, `manual`, `sign`, `redeem`, `refund`, `expire`.
    #[schema(example = "buy")]
    kind: String,
    /// The order that caused it, as the shop sent it.
    #[schema(value_type = Option<Object>)]
    order: Option<Box<RawValue>>,
    /// When it was written.
    #[schema(format = DateTime)]
    created_at: String,
    /// What a redemption was worth; only there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1.00")]
    points_price: Option<String>,
}

/// An entry by itself: the order is named.
#[derive(Serialize, ToSchema)]
#[schema(as = PointHistoryDetail)]
pub(crate) struct EntryDetail {
    /// Ours, increasing in order of creation.
    #[schema(example = 11742)]
    id: Id,
    /// Whose points; null only where the customer is not known any more.
    customer: Option<CustomerReply>,
    /// Signed.
    points: i64,
    /// What it was for.
    #[schema(example = "buy")]
    kind: String,
    /// The order that caused it.
    order_id: Option<Id>,
    /// When it was written.
    #[schema(format = DateTime)]
    created_at: String,
    /// What a redemption was worth; only there.
    #[serde(skip_serializing_if = "Option::is_none")]
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
    /// Whose points.
    #[schema(example = 100000)]
    customer_id: Id,
    /// Signed, not 0; the balance never goes below 0.
    #[schema(minimum = -1000000000, maximum = 1000000000, example = 100)]
    points: i64,
}

/// A sign-in as it is sent.
#[derive(ToSchema)]
#[schema(as = PointHistorySign)]
#[allow(dead_code, reason = "describes the body; `parse_sign` reads it")]
pub(crate) struct SignBody {
    /// Who signs in.
    #[schema(example = 100000)]
    customer_id: Id,
}

/// A redemption as it is sent.
#[derive(ToSchema)]
#[schema(as = PointHistoryRedeem)]
#[allow(dead_code, reason = "describes the body; `parse_redeem` reads it with every error at once")]
pub(crate) struct RedeemBody {
    /// Who spends.
    #[schema(example = 100000)]
    customer_id: Id,
    /// So many.
    #[schema(minimum = 1, maximum = 2147483647, example = 100)]
    points: i64,
    /// For this order of the customer; a stored one.
    order_id: Option<Id>,
}

/// What gives a redemption back, as it is sent.
#[derive(ToSchema)]
#[schema(as = PointHistoryRefund)]
#[allow(dead_code, reason = "describes the body; `parse_refund` reads it")]
pub(crate) struct RefundBody {
    /// The entry of the redemption.
    #[schema(example = 92921)]
    point_history_id: Id,
}

/// The customer that a body names, if it names one at all.
pub(crate) fn customer_of(body: &Value) -> Option<Id> {
    relation(body.get("customer_id")?).ok()
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
    let order_id = fields.nullable("order_id", relation).flatten();
    fields.build(|| Some(Redemption { customer_id: customer_id?, points: points?, order_id }))
}

/// Reads from a body which redemption is given back.
pub(crate) fn parse_refund(body: &Value) -> Checked<Id> {
    let mut fields = Fields::of(body)?;
    let redemption = fields.required("point_history_id", relation);
    fields.build(|| redemption)
}
