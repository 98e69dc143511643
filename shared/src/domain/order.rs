//! Orders, under the shop's own ids. Kept as the shop sent them, unknown fields and all; entries of the point history
//! nest them.

use serde::{Deserialize, Serialize};

use super::id::Id;

/// The most bytes of an order's JSON (`readings.md`).
pub const MAX_BYTES: usize = 256 * 1024;

/// A stored order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The shop's own.
    pub id: Id,
    /// Whose order; an order without a customer earns nothing.
    pub customer_id: Option<Id>,
    /// The order as the shop sent it: compact JSON text of an object, at most [`MAX_BYTES`]. It is text and not a
    /// value so that numbers and the order of the keys come back as they came.
    pub body: String,
}
