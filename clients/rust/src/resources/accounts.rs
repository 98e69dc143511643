//! The points account of a customer.

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    Client, Error,
    call::Call,
    operations::ACCOUNT_GET,
    resources::{customers::Customer, levels::Level},
};

/// The points account of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The customer who owns the account.
    pub customer: Customer,
    /// The balance in points: the sum of the customer's ledger entries.
    pub points: i64,
    /// The points that count for the level: earned points minus those that orders took back. Spending does not lower
    /// it.
    pub earned_points: i64,
    /// The level for `earned_points`.
    pub level: Option<Level>,
    /// The next higher level.
    pub next_level: Option<Level>,
    /// The number of points that are missing to the next level.
    pub points_to_next_level: Option<i64>,
    /// The most points that one redemption may spend now.
    pub redeemable_points: i64,
    /// The value of `redeemable_points` in yuan.
    pub redeemable_price: Decimal,
    /// The points redeemed in this month of the shop's time zone, minus those that were given back.
    pub redeemed_this_month: i64,
    /// True if the customer has signed in on this day of the shop's time zone.
    pub signed_today: bool,
    /// The number of points that expire next; 0 if none do.
    pub expiring_points: i64,
    /// The time at which `expiring_points` expire.
    pub expiring_at: Option<DateTime<FixedOffset>>,
}

impl Client {
    /// Reads the points account of a customer.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn account_get(&self, customer_id: u64) -> Result<Account, Error> {
        self.read(Call::new(ACCOUNT_GET, customer_id)).await
    }
}
