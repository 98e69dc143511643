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
    table::point_history::Nested,
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
}

impl EntryReply {
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
        }
    }
}

/// An adjustment as it is sent.
#[derive(ToSchema)]
#[schema(as = PointHistoryAdjust)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub(crate) struct AdjustBody {
    /// Whose points.
    #[schema(example = 100000)]
    customer_id: Id,
    /// Signed, not 0; the balance never goes below 0.
    #[schema(minimum = -1000000000, maximum = 1000000000, example = 100)]
    points: i64,
}

/// An adjustment that was read from a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adjust {
    pub(crate) customer_id: Id,
    pub(crate) points: i64,
}

/// The customer that a body names, if it names one at all.
pub(crate) fn customer_of(body: &Value) -> Option<Id> {
    relation(body.get("customer_id")?).ok()
}

/// Reads an adjustment from a body. Whether there is such a customer is for the store to say.
pub(crate) fn parse(body: &Value) -> Checked<Adjust> {
    let mut fields = Fields::of(body)?;
    let customer_id = fields.required("customer_id", relation);
    let points = fields.required("points", integer(-MAX_ADJUSTMENT..=MAX_ADJUSTMENT));
    if points == Some(0) {
        fields.reject("points", "Ensure this value is not 0.");
    }
    fields.build(|| Some(Adjust { customer_id: customer_id?, points: points? }))
}
