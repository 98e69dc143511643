//! Orders of the shop.

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

/// An order: a JSON object with the shop's own fields, which the service stores as it is. A few fields have an effect.
/// The methods read and set those; [`fields`](Self::fields) has all.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The shop's own id of the order.
    pub id: u64,
    /// All other fields, as the shop sent them. Only `customer` is returned as it is stored now.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl std::fmt::Debug for Order {
    /// Shows only the id, because orders contain names and addresses.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Order").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Order {
    /// Returns an order without fields.
    pub fn new(id: u64) -> Self {
        Self { id, fields: Map::new() }
    }

    /// Sets a field of the order.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// Sets the customer of the order, who must be stored. It cannot be changed later.
    #[must_use]
    pub fn of_customer(self, id: u64) -> Self {
        self.with("customer", json!({ "id": id }))
    }

    /// Marks the order as paid. It earns points for this amount, once.
    #[must_use]
    pub fn paid(self, paid_price: Decimal) -> Self {
        self.with("financial_status", "paid").with("paid_price", paid_price.to_string())
    }

    /// Sets the total refunded amount. The order loses points in proportion.
    #[must_use]
    pub fn refunded(self, refunded_price: Decimal) -> Self {
        self.with("financial_status", "partially_refunded").with("refunded_price", refunded_price.to_string())
    }

    /// Marks the order as cancelled. It loses all points that it earned, and gives back its codes and the points spent
    /// on it.
    #[must_use]
    pub fn cancelled(self) -> Self {
        self.with("order_status", "cancelled")
    }

    /// Sets the time of this snapshot. The service ignores an older snapshot than the stored one.
    #[must_use]
    pub fn as_of(self, updated_at: DateTime<FixedOffset>) -> Self {
        self.with("updated_at", updated_at.to_rfc3339())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    /// Returns the customer of the order; `None` for a guest.
    pub fn customer(&self) -> Option<Customer> {
        serde_json::from_value(self.fields.get("customer")?.clone()).ok()
    }

    /// Returns the payment status. `paid`, `partially_refunded` and `refunded` count as paid.
    pub fn financial_status(&self) -> Option<&str> {
        self.text("financial_status")
    }

    /// Returns the order status. Only `cancelled` has an effect.
    pub fn order_status(&self) -> Option<&str> {
        self.text("order_status")
    }

    /// Returns the paid amount in yuan.
    pub fn paid_price(&self) -> Option<Decimal> {
        amount(self.fields.get("paid_price")?)
    }

    /// Returns the total refunded amount in yuan.
    pub fn refunded_price(&self) -> Option<Decimal> {
        amount(self.fields.get("refunded_price")?)
    }

    /// Returns the time of the snapshot. `None` if the shop did not send it, or sent it without an offset.
    pub fn updated_at(&self) -> Option<DateTime<FixedOffset>> {
        DateTime::parse_from_rfc3339(self.text("updated_at")?.trim()).ok()
    }

    /// Returns the time of the cancellation. `None` if the shop did not send it, or sent it without an offset.
    pub fn cancelled_at(&self) -> Option<DateTime<FixedOffset>> {
        DateTime::parse_from_rfc3339(self.text("cancelled_at")?.trim()).ok()
    }
}

impl Client {
    /// Reads an order, as the shop sent it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn order_get(&self, id: u64) -> Result<Order, Error> {
        self.read(Call::new(ORDER_GET, id)).await
    }

    /// Stores an order under its id. Its state takes effect once.
    pub fn order_put(&self, order: &Order) -> Change<Order> {
        Change::new(self, Call::new(ORDER_PUT, order.id).with(order))
    }
}
