//! Entries of the point history as they stand on the wire: three shapes, all as documented.

use chrono_tz::Tz;
use serde::Serialize;
use serde_json::value::RawValue;
use shared::{
    Error, FieldErrors, body,
    domain::{
        id::Id,
        points::{MAX_ADJUSTMENT, PointEntry},
        timestamp,
    },
    http::{
        checked::Checked,
        fields::{nullable, required},
        kinds::{Kind as _, integer, relation},
    },
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
    /// The points: positive is earned, negative is spent, taken back or expired.
    #[schema(example = 100)]
    points: i64,
    /// The reason for the entry: `buy` (an order), `manual` (an adjustment), `sign` (a sign-in), `redeem`, `expire`, or
    /// `refund`: positive is a redemption that came back, negative are points that an order had earned. An open list:
    /// there may be more.
    #[schema(example = "buy")]
    kind: String,
    /// The order that caused the entry, as the shop sent it, with the customer as stored here; null without one.
    #[schema(value_type = Option<order::Order>)]
    order: Option<Box<RawValue>>,
    /// The time at which the entry was written.
    #[schema(format = DateTime, example = "2018-09-04T13:55:20.294707+08:00")]
    created_at: String,
    /// The worth of a redemption, in yuan; only a redemption's entry has it.
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
    /// The points: positive is earned, negative is spent, taken back or expired.
    #[schema(example = 100)]
    points: i64,
    /// The reason for the entry: `buy` (an order), `manual` (an adjustment), `sign` (a sign-in), `redeem`, `expire`, or
    /// `refund`: positive is a redemption that came back, negative are points that an order had earned. An open list:
    /// there may be more.
    #[schema(example = "buy")]
    kind: String,
    /// The id of the order that caused the entry; null without one.
    #[schema(example = 2528283)]
    order_id: Option<Id>,
    /// The time at which the entry was written.
    #[schema(format = DateTime, example = "2018-09-04T13:55:20.294707+08:00")]
    created_at: String,
    /// The worth of a redemption, in yuan; only a redemption's entry has it.
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

body! {
    /// An adjustment as it is sent.
    pub(crate) struct PointHistoryAdjust {
        /// The customer whose points are adjusted.
        customer_id: Id = required(relation()),
        /// The points that are given, or with a minus taken: -1000000000 to 1000000000, not 0. The balance never goes
        /// below 0.
        #[example(100)]
        points: i64 = required(integer(-MAX_ADJUSTMENT..=MAX_ADJUSTMENT).then(not_zero)),
    }
}

fn not_zero(points: i64) -> Checked<i64> {
    if points == 0 { Err(FieldErrors::message("Ensure this value is not 0.")) } else { Ok(points) }
}

body! {
    /// A sign-in as it is sent.
    pub(crate) struct PointHistorySign {
        /// The customer who signs in.
        customer_id: Id = required(relation()),
    }
}

body! {
    /// A redemption as it is sent.
    pub(crate) struct PointHistoryRedeem into Redemption {
        /// The customer who spends the points.
        customer_id: required(relation()),
        /// The points that are spent: 1 to 2147483647.
        #[example(100)]
        points: required(integer(1..=i64::from(i32::MAX))),
        /// The order that they pay for: a stored one of this customer. Null, the default, is none.
        order_id: nullable(relation()),
    }
}

body! {
    /// The redemption that is to be given back.
    pub(crate) struct PointHistoryRefund {
        /// The id of the entry that the redemption wrote.
        point_history_id: Id = required(relation()),
    }
}
