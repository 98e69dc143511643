//! Orders as they are sent: stored as they are, and read for what has an effect.

use chrono_tz::Tz;
use serde_json::Value;
use shared::{
    FieldErrors,
    domain::{id::Id, money::Hundredths, order::Snapshot},
    http::fields::{Checked, Fields, instant, positive_or_zero, relation, text},
};
use utoipa::ToSchema;

/// The states in which an order is paid (`beyond.md`).
const PAID: [&str; 3] = ["paid", "partially_refunded", REFUNDED];
/// The one of them in which all is refunded, unless the order says how much is.
const REFUNDED: &str = "refunded";
/// The state in which an order is cancelled.
const CANCELLED: &str = "cancelled";
/// The longest name of a state, in characters.
const STATUS_LENGTH: usize = 64;

/// An order: any object of the shop, kept whole, unknown fields too, up to 256 KB. Only the fields described here have an
/// effect.
#[derive(ToSchema)]
#[schema(as = Order)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub(crate) struct OrderBody {
    /// The shop's own id of the order. The path's id counts, and is stored in its place.
    #[schema(example = 2528283)]
    id: Option<Id>,
    /// The customer: the documented object, of which `id` counts, or the id alone; `customer_id` does too. Replies show the
    /// customer as stored here. Null is a guest's order. It cannot be changed later.
    #[schema(value_type = Option<OrderCustomer>)]
    customer: Option<Value>,
    /// The state of the payment: `paid`, `partially_refunded` and `refunded` are paid, any other is not.
    #[schema(max_length = 64, example = "paid")]
    financial_status: Option<String>,
    /// The state of the order: `cancelled` is cancelled, any other is not.
    #[schema(max_length = 64, example = "open")]
    order_status: Option<String>,
    /// What was paid, in yuan, not below 0. Needed where the order is paid: points are earned on it.
    #[schema(format = "decimal", example = "0.02")]
    paid_price: Option<String>,
    /// What was refunded in all, in yuan, not below 0: points are taken back in proportion. Without it 0.00, and all of
    /// `paid_price` where `financial_status` is `refunded`.
    #[schema(format = "decimal", example = "0.00")]
    refunded_price: Option<String>,
    /// When the order was cancelled; null where it is not.
    #[schema(format = DateTime)]
    cancelled_at: Option<String>,
    /// When the order was as it is sent: a snapshot older than the stored one is ignored. Without, it is never older.
    #[schema(format = DateTime, example = "2018-09-04T13:55:20.284446+08:00")]
    updated_at: Option<String>,
}

/// The customer of an order.
#[derive(ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes the field; `customer` reads it")]
enum OrderCustomer {
    /// The shop's own id of the customer.
    Id(Id),
    /// The customer as the documents nest it.
    Nested(NestedCustomer),
}

/// A customer as an order nests it: any object with an id.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the field; `customer` reads it")]
struct NestedCustomer {
    /// The shop's own id of the customer.
    #[schema(example = 50784)]
    id: Id,
}

/// The id of a customer: the documented object, or the id alone.
fn customer(value: &Value) -> Checked<Id> {
    match value {
        Value::Object(object) => match object.get("id") {
            Some(id) => relation(id),
            None => Err(FieldErrors::field("id", "This field is required.")),
        },
        other => relation(other),
    }
}

/// The field that says whose order it is: `customer_id` where only that is there.
fn customer_field(body: &Value) -> &'static str {
    if body.get("customer").is_none() { "customer_id" } else { "customer" }
}

/// Whose order a body says that it is, and in which field, also where something else is wrong with it.
pub(crate) fn customer_of(body: &Value) -> Option<(&'static str, Id)> {
    let field = customer_field(body);
    Some((field, customer(body.get(field)?).ok()?))
}

/// Reads from an order what has an effect; the text of it is for the caller to add.
///
/// # Errors
/// What is wrong with each field.
pub fn parse(id: Id, body: &Value, zone: Tz) -> Checked<Snapshot> {
    let mut fields = Fields::of(body)?;
    let customer_field = customer_field(body);
    let customer_id = fields.nullable(customer_field, customer);
    let financial_status = fields.nullable("financial_status", text(STATUS_LENGTH, true)).flatten();
    let order_status = fields.nullable("order_status", text(STATUS_LENGTH, true)).flatten();
    let is_paid = financial_status.as_deref().is_some_and(|status| PAID.contains(&status));
    let paid_price = if is_paid {
        fields.required("paid_price", positive_or_zero)
    } else {
        fields.nullable("paid_price", positive_or_zero).flatten()
    };
    let refunded = fields.nullable("refunded_price", positive_or_zero).flatten();
    let all = paid_price.filter(|_| financial_status.as_deref() == Some(REFUNDED));
    let cancelled_at = fields.nullable("cancelled_at", instant(zone)).flatten();
    let updated_at = fields.nullable("updated_at", instant(zone)).flatten();
    let cancelled = cancelled_at.is_some() || order_status.as_deref() == Some(CANCELLED);
    fields.build(|| {
        Some(Snapshot {
            id,
            customer_id,
            customer_field,
            body: String::new(),
            updated_at,
            paid: paid_price.filter(|_| is_paid),
            refunded: refunded.or(all).unwrap_or(Hundredths(0)),
            cancelled,
        })
    })
}
