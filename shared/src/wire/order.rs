//! Orders as they stand on the wire: as the shop sent them, but for the customer, where the stored one wins.

use indexmap::IndexMap;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, Ref, RefOr, Schema, Type,
        schema::{OneOfBuilder, SchemaType},
    },
};

use crate::{
    http::{
        body::{Described, Told},
        kinds::{Components, Kind as _, id_component, own_id},
    },
    wire::customer::CustomerReply,
};
use domain::{self, error::Error, id::Id};

/// An order in a reply: the fields that the shop sent, and the customer as stored here. A field keeps the notation in which
/// it was sent, such as a number for an amount.
#[derive(Debug)]
pub struct Order;

impl PartialSchema for Order {
    fn schema() -> RefOr<Schema> {
        let as_sent = |types: &[Type]| ObjectBuilder::new().schema_type(SchemaType::Array(types.to_vec())).into();
        let text = || as_sent(&[Type::String, Type::Number, Type::Null]);
        let instant = || as_sent(&[Type::String, Type::Null]);
        let mut order = Described::object();
        order.tell(&[
            "An order as the shop sent it, unknown fields too, with the customer as stored here. A field that was not sent is \
             left out; the others have the notation in which they were sent.",
        ]);
        order.open();
        let mut add = |name, told: &str, schema| order.field(Told::new(name, &[told]), name == "id", schema, None);
        add("id", "The shop's own id of the order.", own_id().schema());
        let customer = OneOfBuilder::new().item(Ref::from_schema_name(CustomerReply::name()));
        let customer = customer.item(ObjectBuilder::new().schema_type(Type::Null)).into();
        add("customer", "The customer as stored here; null or left out in a guest's order.", customer);
        add(
            "financial_status",
            "The state of the payment: `paid`, `partially_refunded` and `refunded` are paid, any other is not.",
            text(),
        );
        add("order_status", "The state of the order: `cancelled` is cancelled, any other is not.", text());
        add("paid_price", "The amount that was paid, in yuan.", text());
        add("refunded_price", "The amount that was refunded in all, in yuan.", text());
        add("cancelled_at", "The time of the cancellation.", instant());
        add("updated_at", "The time of this snapshot of the order.", instant());
        order.schema()
    }
}

impl ToSchema for Order {
    fn schemas(schemas: &mut Components) {
        schemas.extend([id_component(), (CustomerReply::name().into_owned(), CustomerReply::schema())]);
    }
}

/// Returns the text of an order as it is stored: without blanks between its parts, and under the id of its path.
///
/// # Errors
/// [`Error::Parse`] where it is no JSON object.
pub fn body(id: Id, text: &str) -> Result<String, Error> {
    let unreadable = |error: serde_json::Error| Error::Parse(error.to_string());
    let compact = without_blanks(text);
    let mut fields: IndexMap<String, Box<RawValue>> = serde_json::from_str(&compact).map_err(unreadable)?;
    let id = to_raw_value(&id).map_err(unreadable)?;
    match fields.get_mut("id") {
        Some(stored) => *stored = id,
        None => {
            fields.shift_insert(0, "id".to_owned(), id);
        }
    }
    serde_json::to_string(&fields).map_err(unreadable)
}

/// JSON text without the blanks outside of its strings.
fn without_blanks(text: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let kept = |letter: &char| {
        let keep = inside || !matches!(letter, ' ' | '\t' | '\n' | '\r');
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = inside,
            '"' => inside = !inside,
            _ => {}
        }
        keep
    };
    text.chars().filter(kept).collect()
}

/// The order's JSON, with its keys in their order and its numbers as they came.
///
/// # Errors
/// [`Error::Internal`] where what is stored is no object.
pub fn render(order: &domain::order::Order, customer: Option<&CustomerReply>) -> Result<Box<RawValue>, Error> {
    let unreadable = |error: serde_json::Error| Error::Internal(format!("order {}: {error}", order.id));
    let mut fields: IndexMap<String, Box<RawValue>> = serde_json::from_str(&order.body).map_err(unreadable)?;
    if let Some(customer) = customer {
        fields.insert("customer".to_owned(), to_raw_value(customer).map_err(unreadable)?);
    }
    to_raw_value(&fields).map_err(unreadable)
}
