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
const PAID: [&str; 3] = ["paid", "partially_refunded", "refunded"];
/// The state in which an order is cancelled.
const CANCELLED: &str = "cancelled";
/// The longest name of a state, in characters.
const STATUS_LENGTH: usize = 64;

/// An order: any object of the shop, kept whole, up to 256 KB. These fields have an effect.
#[derive(ToSchema)]
#[schema(as = Order)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub(crate) struct OrderBody {
    /// The path's wins.
    #[schema(example = 2528283)]
    id: Option<Id>,
    /// The customer, of whom `id` counts; the stored one is shown. It cannot be changed.
    #[schema(value_type = Option<Object>)]
    customer: Option<Value>,
    /// `paid`, `partially_refunded` and `refunded` are paid; any other is not.
    #[schema(max_length = 64, example = "paid")]
    financial_status: Option<String>,
    /// `cancelled` is cancelled.
    #[schema(max_length = 64, example = "open")]
    order_status: Option<String>,
    /// What was paid. Needed where it is paid.
    #[schema(example = "0.02")]
    paid_price: Option<String>,
    /// What was refunded in all; 0.00 by default.
    #[schema(example = "0.00")]
    refunded_price: Option<String>,
    /// An instant is cancelled.
    #[schema(format = DateTime)]
    cancelled_at: Option<String>,
    /// When the order was so: older snapshots are ignored.
    #[schema(format = DateTime)]
    updated_at: Option<String>,
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

/// Reads from an order what has an effect; the text of it is for the caller to add.
///
/// # Errors
/// What is wrong with each field.
pub fn parse(id: Id, body: &Value, zone: Tz) -> Checked<Snapshot> {
    let mut fields = Fields::of(body)?;
    let named = if body.get("customer").is_none() { "customer_id" } else { "customer" };
    let customer_id = fields.nullable(named, customer);
    let financial_status = fields.nullable("financial_status", text(STATUS_LENGTH, true)).flatten();
    let order_status = fields.nullable("order_status", text(STATUS_LENGTH, true)).flatten();
    let is_paid = financial_status.is_some_and(|status| PAID.contains(&status.as_str()));
    let paid_price = if is_paid {
        fields.required("paid_price", positive_or_zero)
    } else {
        fields.nullable("paid_price", positive_or_zero).flatten()
    };
    let refunded = fields.nullable("refunded_price", positive_or_zero).flatten();
    let cancelled_at = fields.nullable("cancelled_at", instant(zone)).flatten();
    let updated_at = fields.nullable("updated_at", instant(zone)).flatten();
    let cancelled = cancelled_at.is_some() || order_status.as_deref() == Some(CANCELLED);
    fields.build(|| {
        Some(Snapshot {
            id,
            customer_id,
            body: String::new(),
            updated_at,
            paid: paid_price.filter(|_| is_paid),
            refunded: refunded.unwrap_or(Hundredths(0)),
            cancelled,
        })
    })
}
