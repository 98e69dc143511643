//! The ledger of points: what is written stays.

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
    /// What an entry was for.
    PointKind {
        /// An order was paid.
        Buy = "buy",
        /// The merchant adjusted the points.
        Manual = "manual",
        /// The customer signed in.
        Sign = "sign",
        /// The customer spent points.
        Redeem = "redeem",
        /// A redemption was given back, or an order took back what it had earned.
        Refund = "refund",
        /// Points expired.
        Expire = "expire",
    }
}

/// An entry in the list, and of an adjustment, a sign-in, a redemption and its refund.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointHistory {
    /// The service's, increasing in order of creation.
    pub id: u64,
    /// Whose points; none only where the customer is not known any more.
    pub customer: Option<Customer>,
    /// Signed.
    pub points: i64,
    /// What it was for.
    pub kind: PointKind,
    /// The order that caused it.
    pub order: Option<Order>,
    /// When it was written.
    pub created_at: DateTime<FixedOffset>,
    /// What a redemption was worth, in yuan; only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_price: Option<Decimal>,
}

impl Row for PointHistory {
    fn id(&self) -> u64 {
        self.id
    }
}

/// An entry by itself: the order is named and not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointHistoryDetail {
    /// The service's.
    pub id: u64,
    /// Whose points; none only where the customer is not known any more.
    pub customer: Option<Customer>,
    /// Signed.
    pub points: i64,
    /// What it was for.
    pub kind: PointKind,
    /// The order that caused it.
    pub order_id: Option<u64>,
    /// When it was written.
    pub created_at: DateTime<FixedOffset>,
    /// What a redemption was worth, in yuan; only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_price: Option<Decimal>,
}

impl List<PointHistory> {
    /// Only entries of this customer.
    pub fn customer(self, id: u64) -> Self {
        self.set("customer", id)
    }

    /// Only entries of these, at most 100.
    pub fn customer_in(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.set_any("customer__in", ids)
    }
}

impl Client {
    /// The entries, newest first.
    pub fn point_history_list(&self) -> List<PointHistory> {
        List::new(self, POINT_HISTORY_LIST)
    }

    /// An entry.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn point_history_get(&self, id: u64) -> Result<PointHistoryDetail, Error> {
        self.read(Call::new(POINT_HISTORY_GET, id)).await
    }

    /// Adds points to a customer's, or takes points away: not 0, at most 10^9 either way, and never below 0 in all.
    pub fn point_history_adjust(&self, customer_id: u64, points: i64) -> Change<PointHistory> {
        let body = json!({ "customer_id": customer_id, "points": points });
        Change::new(self, Call::new(POINT_HISTORY_ADJUST, "").with(&body))
    }

    /// Signs a customer in: the level's points, once a day of the shop's zone; again on that day it is a
    /// [`Conflict`](Error::Conflict).
    pub fn point_history_sign(&self, customer_id: u64) -> Change<PointHistory> {
        let body = json!({ "customer_id": customer_id });
        Change::new(self, Call::new(POINT_HISTORY_SIGN, "").with(&body))
    }

    /// Spends points, for a stored order of the customer or for none. What the balance, the level or the month does not allow is
    /// [`Invalid`](Error::Invalid) on `points`.
    pub fn point_history_redeem(&self, customer_id: u64, points: u32, order_id: Option<u64>) -> Change<PointHistory> {
        let body = json!({ "customer_id": customer_id, "points": points, "order_id": order_id });
        Change::new(self, Call::new(POINT_HISTORY_REDEEM, "").with(&body))
    }

    /// Gives a redemption back, once.
    pub fn point_history_refund(&self, point_history_id: u64) -> Change<PointHistory> {
        let body = json!({ "point_history_id": point_history_id });
        Change::new(self, Call::new(POINT_HISTORY_REFUND, "").with(&body))
    }
}
