//! Orders as they are sent: stored as they are, and read for what has an effect.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};
use shared::{
    FieldErrors, body,
    domain::{id::Id, money::Hundredths, order::Snapshot},
    http::{
        body::{Body as _, Described, Told},
        checked::Checked,
        fields::{Fields, nullable},
        kinds::{Kind, instant, own_id, positive_or_zero, relation, text},
    },
};
use utoipa::openapi::{RefOr, Schema, schema::OneOfBuilder};

/// The states in which an order is paid (`docs/api/orders.md`).
const PAID: [&str; 3] = ["paid", "partially_refunded", REFUNDED];
/// The paid state in which all is refunded, unless the order says how much is.
const REFUNDED: &str = "refunded";
/// The state in which an order is cancelled.
const CANCELLED: &str = "cancelled";
/// The longest name of a state, in characters.
const STATUS_LENGTH: usize = 64;

body! {
    /// An order: any object of the shop, kept whole, unknown fields too, up to 256 KB. Only the fields described here have an
    /// effect.
    pub(crate) struct OrderInput, open {
        describes {
            /// The shop's own id of the order. The path's id counts, and is stored in its place.
            id: nullable(own_id()),
            /// The customer: the documented object, of which `id` counts, or the id alone; `customer_id` does too. Replies
            /// show the customer as stored here. Null is a guest's order. It cannot be changed later.
            customer: nullable(OrderCustomer),
            /// The id of the customer, for orders without the field `customer`.
            customer_id: nullable(relation()),
        }
        /// The state of the payment: `paid`, `partially_refunded` and `refunded` are paid, any other is not.
        #[example("paid")]
        financial_status: Option<String> = nullable(status()),
        /// The state of the order: `cancelled` is cancelled, any other is not.
        #[example("open")]
        order_status: Option<String> = nullable(status()),
        /// The amount that was paid, in yuan, not below 0. A paid order needs it: points are earned on it.
        #[example("0.02")]
        paid_price: Option<Hundredths> = nullable(positive_or_zero()).needed_where(is_paid),
        /// The amount that was refunded in all, in yuan, not below 0: points are taken back in proportion. Without it
        /// 0.00, and all of `paid_price` if `financial_status` is `refunded`.
        #[example("0.00")]
        refunded_price: Option<Hundredths> = nullable(positive_or_zero()),
        /// The time of the cancellation; null if the order is not cancelled.
        cancelled_at: Option<DateTime<Utc>> = nullable(instant()),
        /// The time of this snapshot of the order: one older than the stored snapshot is ignored. One without a time is
        /// never older.
        #[example("2018-09-04T13:55:20.284446+08:00")]
        updated_at: Option<DateTime<Utc>> = nullable(instant()),
    }
}

fn status() -> impl Kind<Value = String> {
    text(0..=STATUS_LENGTH)
}

fn is_paid(order: &Map<String, Value>) -> bool {
    let read = order.get("financial_status").map(|value| status().read(value, Tz::UTC));
    read.is_some_and(|read| read.is_ok_and(|status| PAID.contains(&status.as_str())))
}

/// The customer of an order: the documented object, or the id alone.
struct OrderCustomer;

impl Kind for OrderCustomer {
    type Value = Id;

    fn check(&self, value: &Value, zone: Tz) -> Checked<Id> {
        match value {
            Value::Object(object) => match object.get("id") {
                Some(id) => relation().read(id, zone),
                None => Err(FieldErrors::field("id", "This field is required.")),
            },
            other => relation().read(other, zone),
        }
    }

    fn schema(&self) -> RefOr<Schema> {
        let mut nested = Described::object();
        nested.open();
        nested.field(Told::new("id", &["The shop's own id of the customer."]), true, relation().schema(), None);
        OneOfBuilder::new().item(relation().schema()).item(nested.schema()).into()
    }
}

/// The field that names the customer: `customer_id` in orders without `customer`.
fn customer_field(body: &Value) -> &'static str {
    if body.get("customer").is_none() { "customer_id" } else { "customer" }
}

/// Returns the customer whom a body names, with the field, also where something else is wrong with the body.
pub(crate) fn customer_of(body: &Value) -> Option<(&'static str, Id)> {
    let field = customer_field(body);
    Some((field, OrderCustomer.read(body.get(field)?, Tz::UTC).ok()?))
}

/// Reads from an order what has an effect; the text of it is for the caller to add.
///
/// # Errors
/// Every error of the body.
pub fn parse(id: Id, body: &Value, zone: Tz) -> Checked<Snapshot> {
    let mut fields = Fields::of(body, zone)?;
    let customer_field = customer_field(body);
    let customer_id = fields.take(customer_field, &nullable(OrderCustomer));
    let mut order = OrderInput::default();
    OrderInput::set(&mut fields, &mut order);
    let status = order.financial_status.as_deref().unwrap_or_default();
    let paid = order.paid_price.filter(|_| PAID.contains(&status));
    let all = paid.filter(|_| status == REFUNDED);
    let cancelled = order.cancelled_at.is_some() || order.order_status.as_deref() == Some(CANCELLED);
    fields.finish(Snapshot {
        id,
        customer_id,
        customer_field,
        body: String::new(),
        updated_at: order.updated_at,
        paid,
        refunded: order.refunded_price.or(all).unwrap_or(Hundredths(0)),
        cancelled,
    })
}
