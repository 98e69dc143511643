//! Carts as they are sent, to be priced or with the use of codes.

use std::collections::HashSet;

use serde_json::Value;
use utoipa::ToSchema;

use super::fields::{Checked, Fields, integer, list, objects, own_id, positive_or_zero, text};
use crate::{
    domain::{
        evaluation::cart::{Cart, Line, MAX_LINES, MAX_QUANTITY},
        id::Id,
        money::Hundredths,
        price_rule::{MAX_ENTITLED, TITLE_LENGTH},
    },
    error::FieldErrors,
};

/// A line of a cart as it is sent.
#[derive(ToSchema)]
#[schema(as = CartLine)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub struct LineBody {
    /// The shop's own, unique in the cart.
    #[schema(example = 1)]
    id: Id,
    /// What rules entitle it by, like the three that follow.
    #[schema(example = 1001)]
    product_id: Option<Id>,
    /// At most 250.
    collection_ids: Option<Vec<Id>>,
    /// At most 250.
    category_ids: Option<Vec<Id>>,
    /// In exactly the spelling of the rules.
    vendor_title: Option<String>,
    /// Units.
    #[schema(minimum = 1, maximum = 100000, example = 2)]
    quantity: u32,
    /// Yuan for one unit.
    #[schema(example = "100.00")]
    price: String,
}

/// A cart as it is sent with the use of codes.
#[derive(ToSchema)]
#[schema(as = Cart)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub struct CartBody {
    /// At most 500.
    lines: Vec<LineBody>,
    /// Yuan; 0 by default.
    #[schema(example = "12.00")]
    shipping_price: Option<String>,
}

fn line(value: &Value) -> Checked<Line> {
    let mut fields = Fields::of(value)?;
    let id = fields.required("id", own_id);
    let product_id = fields.nullable("product_id", own_id).flatten();
    let collection_ids = fields.nullable("collection_ids", list(MAX_ENTITLED, own_id)).flatten().unwrap_or_default();
    let category_ids = fields.nullable("category_ids", list(MAX_ENTITLED, own_id)).flatten().unwrap_or_default();
    let vendor_title = fields.nullable("vendor_title", text(TITLE_LENGTH, true)).flatten();
    let quantity = fields.required("quantity", integer(1..=MAX_QUANTITY));
    let price = fields.required("price", positive_or_zero);
    fields.build(|| {
        Some(Line {
            id: id?,
            product_id,
            collection_ids,
            category_ids,
            vendor_title,
            quantity: quantity?,
            price: price?,
        })
    })
}

/// Reads the lines of a cart, each under an id of its own.
fn lines(value: &Value) -> Checked<Vec<Line>> {
    unique_ids(objects(value, MAX_LINES, line)?, |line| line.id, "Another line has this id.")
}

/// These items of a body, where no two have the same id; else `message` under the `id` of each that repeats one.
pub fn unique_ids<T>(items: Vec<T>, id: impl Fn(&T) -> Id, message: &'static str) -> Checked<Vec<T>> {
    let mut ids = HashSet::new();
    let error = |item: &T| match ids.insert(id(item)) {
        true => FieldErrors::NONE,
        false => FieldErrors::field("id", message),
    };
    let errors = FieldErrors::Items(items.iter().map(error).collect());
    if errors.is_empty() { Ok(items) } else { Err(errors) }
}

/// Takes the fields of a cart out of a body that may have others. `None` only where one of them is wrong, which is noted.
pub fn take(fields: &mut Fields<'_>) -> Option<Cart> {
    let lines = fields.required("lines", lines);
    let mut shipping_price = Hundredths(0);
    fields.set("shipping_price", &mut shipping_price, positive_or_zero);
    Some(Cart { lines: lines?, shipping_price })
}

/// Reads a cart.
pub fn parse(value: &Value) -> Checked<Cart> {
    let mut fields = Fields::of(value)?;
    let cart = take(&mut fields);
    fields.build(|| cart)
}
