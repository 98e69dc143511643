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

/// What of an order decides on the codes that it uses (`beyond.md`, Rulings on orders and points).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// `order_status` is "cancelled", or `cancelled_at` is not null.
    pub cancelled: bool,
    /// `financial_status` is paid, partially_refunded or refunded.
    pub paid: bool,
}

impl Order {
    /// What its body says.
    pub fn standing(&self) -> Standing {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        let text = |field: &str| body.get(field).and_then(serde_json::Value::as_str).unwrap_or_default();
        let cancelled_at = body.get("cancelled_at").is_some_and(|at| !at.is_null());
        Standing {
            cancelled: text("order_status") == "cancelled" || cancelled_at,
            paid: ["paid", "partially_refunded", "refunded"].contains(&text("financial_status")),
        }
    }
}
