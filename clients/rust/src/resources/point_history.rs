//! The ledger of points, which is append-only.

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Change, Client, Error, List, Row,
    call::Call,
    operations::{
        POINT_HISTORY_ADJUST, POINT_HISTORY_GET, POINT_HISTORY_LIST, POINT_HISTORY_REDEEM, POINT_HISTORY_REFUND,
        POINT_HISTORY_SIGN,
    },
    resources::{customers::Customer, orders::Order},
    wire::open_names,
};

open_names! {
    /// The cause of a ledger entry.
    PointKind {
        /// An order was paid.
        Buy = "buy",
        /// The merchant adjusted the points.
        Manual = "manual",
        /// The customer signed in.
        Sign = "sign",
        /// The customer spent points.
        Redeem = "redeem",
        /// A redemption was refunded, or an order took back points that it had earned.
        Refund = "refund",
        /// Points of the customer expired.
        Expire = "expire",
    }
}

/// A ledger entry in a list, and in the replies to an adjustment, a sign-in, a redemption and a refund.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointHistory {
    /// The id, assigned by the service in order of creation.
    pub id: u64,
    /// The customer who owns the points; `None` only if the customer is no longer known.
    pub customer: Option<Customer>,
    /// The points; negative if they were taken.
    pub points: i64,
    /// The cause of the entry.
    pub kind: PointKind,
    /// The order that caused the entry.
    pub order: Option<Order>,
    /// The time at which the entry was written.
    pub created_at: DateTime<FixedOffset>,
    /// The value of a redemption in yuan; `None` for other entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_price: Option<Decimal>,
}

impl Row for PointHistory {
    fn id(&self) -> u64 {
        self.id
    }
}

/// A single ledger entry. It has the id of the order, and not the order itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointHistoryDetail {
    /// The id, assigned by the service in order of creation.
    pub id: u64,
    /// The customer who owns the points; `None` only if the customer is no longer known.
    pub customer: Option<Customer>,
    /// The points; negative if they were taken.
    pub points: i64,
    /// The cause of the entry.
    pub kind: PointKind,
    /// The id of the order that caused the entry.
    pub order_id: Option<u64>,
    /// The time at which the entry was written.
    pub created_at: DateTime<FixedOffset>,
    /// The value of a redemption in yuan; `None` for other entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_price: Option<Decimal>,
}

impl List<PointHistory> {
    /// Selects the entries of this customer.
    pub fn customer(self, id: u64) -> Self {
        self.set("customer", id)
    }

    /// Selects the entries of these customers, at most 100.
    pub fn customer_in(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.set_any("customer__in", ids)
    }
}

impl Client {
    /// Lists the entries, newest first.
    pub fn point_history_list(&self) -> List<PointHistory> {
        List::new(self, POINT_HISTORY_LIST)
    }

    /// Reads the entry with this id.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn point_history_get(&self, id: u64) -> Result<PointHistoryDetail, Error> {
        self.read(Call::new(POINT_HISTORY_GET, id)).await
    }

    /// Adds points to a customer's balance, or takes them. `points` is not 0, and from -10^9 to 10^9. The balance
    /// cannot fall below 0.
    pub fn point_history_adjust(&self, customer_id: u64, points: i64) -> Change<PointHistory> {
        let body = json!({ "customer_id": customer_id, "points": points });
        Change::new(self, Call::new(POINT_HISTORY_ADJUST, "").with(&body))
    }

    /// Signs a customer in and adds the points of the level, once a day of the shop's time zone. A second sign-in on a
    /// day is a [`Conflict`](Error::Conflict).
    pub fn point_history_sign(&self, customer_id: u64) -> Change<PointHistory> {
        let body = json!({ "customer_id": customer_id });
        Change::new(self, Call::new(POINT_HISTORY_SIGN, "").with(&body))
    }

    /// Spends points, for a stored order of the customer or without an order. If the balance, the level or the monthly
    /// limit does not allow it, the error is [`Invalid`](Error::Invalid) on `points`.
    pub fn point_history_redeem(&self, customer_id: u64, points: u32, order_id: Option<u64>) -> Change<PointHistory> {
        let body = json!({ "customer_id": customer_id, "points": points, "order_id": order_id });
        Change::new(self, Call::new(POINT_HISTORY_REDEEM, "").with(&body))
    }

    /// Refunds a redemption, once.
    pub fn point_history_refund(&self, point_history_id: u64) -> Change<PointHistory> {
        let body = json!({ "point_history_id": point_history_id });
        Change::new(self, Call::new(POINT_HISTORY_REFUND, "").with(&body))
    }
}
