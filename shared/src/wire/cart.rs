//! Carts as they are sent, to be priced or with the use of codes.

use std::collections::HashSet;

use serde_json::Value;
use utoipa::ToSchema;

use crate::http::fields::{Checked, Fields, integer, list, objects, own_id, positive_or_zero, text};
use domain::{
    error::FieldErrors,
    evaluation::cart::{Cart, Line, MAX_LINES, MAX_QUANTITY},
    id::Id,
    money::Hundredths,
    price_rule::{MAX_ENTITLED, TITLE_LENGTH},
};

/// A line of a cart as it is sent.
#[derive(ToSchema)]
#[schema(as = CartLine)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub struct LineBody {
    /// The shop's own id of the line, unique in the cart.
    #[schema(example = 1)]
    id: Id,
    /// The product, by which rules entitle the line; null, the default, is none.
    #[schema(example = 1001)]
    product_id: Option<Id>,
    /// The collections of the product, by which rules entitle the line: at most 250. Null, the default, is none.
    #[schema(max_items = 250, example = json!([]))]
    collection_ids: Option<Vec<Id>>,
    /// The categories of the product, by which rules entitle the line: at most 250. Null, the default, is none.
    #[schema(max_items = 250, example = json!([]))]
    category_ids: Option<Vec<Id>>,
    /// The vendor of the product, by which rules entitle the line, in exactly the spelling of the rules. Null, the default,
    /// is none.
    #[schema(max_length = 255)]
    vendor_title: Option<String>,
    /// The units of the line: 1 to 100000.
    #[schema(minimum = 1, maximum = 100000, example = 2)]
    quantity: u32,
    /// The price of one unit in yuan, not below 0.
    #[schema(format = "decimal", example = "100.00")]
    price: String,
}

/// A cart as it is sent with the codes that an order is to use.
#[derive(ToSchema)]
#[schema(as = Cart)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub struct CartBody {
    /// The lines of the cart: at most 500.
    #[schema(max_items = 500)]
    lines: Vec<LineBody>,
    /// The price of the shipping in yuan, not below 0. 0 by default.
    #[schema(nullable = false, format = "decimal", default = "0.00", example = "12.00")]
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
