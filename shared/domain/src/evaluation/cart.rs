//! Carts, as a shop sends them for pricing.

use crate::{
    id::Id,
    money::{Hundredths, Minor},
};

/// Largest number of lines in a cart.
pub const MAX_LINES: usize = 500;
/// Largest number of units on a line.
pub const MAX_QUANTITY: u32 = 100_000;

/// A cart to price.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cart {
    /// Lines, at most [`MAX_LINES`], each with its own id.
    pub lines: Vec<Line>,
    /// Shipping price before any discount; not negative.
    pub shipping_price: Hundredths,
}

/// A line: a number of units of one product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// Id chosen by the shop, unique in the cart.
    pub id: Id,
    /// Product. Rules entitle a line by this field or by one of the three fields after it.
    pub product_id: Option<Id>,
    /// Vendor of the product, by title.
    pub collection_ids: Vec<Id>,
    /// Collections of the product.
    pub category_ids: Vec<Id>,
    /// Categories of the product.
    pub vendor_title: Option<String>,
    /// Number of units, 1 to [`MAX_QUANTITY`].
    pub quantity: u32,
    /// Price of one unit; not negative.
    pub price: Hundredths,
}

impl Line {
    /// Returns quantity times unit price.
    pub fn total_price(&self) -> Minor {
        Minor::from(self.quantity) * Minor::from(self.price)
    }
}
