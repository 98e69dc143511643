//! Orders, as the shop has them.

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Change, Client, Error,
    call::Call,
    operations::{ORDER_GET, ORDER_PUT},
    resources::customers::Customer,
    wire::amount,
};

/// An order: an object of the shop's own making, which the service keeps whole. A few fields have an effect; the methods read
/// and set those, and [`fields`](Self::fields) has all.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The shop's own.
    pub id: u64,
    /// Everything else, as the shop sent it. `customer` alone is shown as it is stored now.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl std::fmt::Debug for Order {
    /// The id alone: orders name people and where they live.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Order").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Order {
    /// An order of which nothing is said yet.
    pub fn new(id: u64) -> Self {
        Self { id, fields: Map::new() }
    }

    /// An order with this field set.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// An order of this customer, who must be stored and cannot be changed later.
    #[must_use]
    pub fn of_customer(self, id: u64) -> Self {
        self.with("customer", json!({ "id": id }))
    }

    /// A paid order: it earns points for this amount, once.
    #[must_use]
    pub fn paid(self, paid_price: Decimal) -> Self {
        self.with("financial_status", "paid").with("paid_price", paid_price.to_string())
    }

    /// An order of which so much was refunded in all: it loses the points in proportion.
    #[must_use]
    pub fn refunded(self, refunded_price: Decimal) -> Self {
        self.with("financial_status", "partially_refunded").with("refunded_price", refunded_price.to_string())
    }

    /// A cancelled order: it loses all points that it earned, and gives back those spent on it and its codes.
    #[must_use]
    pub fn cancelled(self) -> Self {
        self.with("order_status", "cancelled")
    }

    /// An order as it was at this moment: an older snapshot than the stored one is ignored.
    #[must_use]
    pub fn as_of(self, updated_at: DateTime<FixedOffset>) -> Self {
        self.with("updated_at", updated_at.to_rfc3339())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    /// Whose it is; none where it is a guest's.
    pub fn customer(&self) -> Option<Customer> {
        serde_json::from_value(self.fields.get("customer")?.clone()).ok()
    }

    /// `paid`, `partially_refunded` and `refunded` are paid.
    pub fn financial_status(&self) -> Option<&str> {
        self.text("financial_status")
    }

    /// `cancelled` is cancelled.
    pub fn order_status(&self) -> Option<&str> {
        self.text("order_status")
    }

    /// What was paid.
    pub fn paid_price(&self) -> Option<Decimal> {
        amount(self.fields.get("paid_price")?)
    }

    /// What was refunded in all.
    pub fn refunded_price(&self) -> Option<Decimal> {
        amount(self.fields.get("refunded_price")?)
    }

    /// When it was so; none where the shop did not say it, or without an offset.
    pub fn updated_at(&self) -> Option<DateTime<FixedOffset>> {
        DateTime::parse_from_rfc3339(self.text("updated_at")?.trim()).ok()
    }

    /// When it was cancelled; none where the shop did not say it, or without an offset.
    pub fn cancelled_at(&self) -> Option<DateTime<FixedOffset>> {
        DateTime::parse_from_rfc3339(self.text("cancelled_at")?.trim()).ok()
    }
}

impl Client {
    /// An order, as the shop sent it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn order_get(&self, id: u64) -> Result<Order, Error> {
        self.read(Call::new(ORDER_GET, id)).await
    }

    /// Stores an order under its id and lets its state act once.
    pub fn order_put(&self, order: &Order) -> Change<Order> {
        Change::new(self, Call::new(ORDER_PUT, order.id).with(order))
    }
}
