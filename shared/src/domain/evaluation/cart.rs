//! Carts, as a shop sends them to be priced.

use crate::domain::{
    id::Id,
    money::{Hundredths, Minor},
};

/// The most lines of a cart.
pub const MAX_LINES: usize = 500;
/// The most units of a line.
pub const MAX_QUANTITY: u32 = 100_000;

/// A cart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cart {
    /// At most [`MAX_LINES`], each with an id of its own.
    pub lines: Vec<Line>,
    /// The shipping before any discount; not negative.
    pub shipping_price: Hundredths,
}

/// A line: so many units of one thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The shop's own, unique in the cart.
    pub id: Id,
    /// What rules entitle it by, like the three that follow.
    pub product_id: Option<Id>,
    /// See above.
    pub collection_ids: Vec<Id>,
    /// See above.
    pub category_ids: Vec<Id>,
    /// See above.
    pub vendor_title: Option<String>,
    /// 1 to [`MAX_QUANTITY`].
    pub quantity: u32,
    /// Of one unit; not negative.
    pub price: Hundredths,
}

impl Line {
    /// Quantity times price.
    pub fn total_price(&self) -> Minor {
        Minor::from(self.quantity) * Minor::from(self.price)
    }
}
