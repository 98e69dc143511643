//! What a customer has in points.

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    Client, Error,
    call::Call,
    operations::ACCOUNT_GET,
    resources::{customers::Customer, levels::Level},
};

/// The account of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whose.
    pub customer: Customer,
    /// The balance: the sum of the customer's entries.
    pub points: i64,
    /// What counts for the level: earned, less what orders took back. Spending does not lower it.
    pub earned_points: i64,
    /// The level that they give.
    pub level: Option<Level>,
    /// The level after it.
    pub next_level: Option<Level>,
    /// How many points are still to be earned for it.
    pub points_to_next_level: Option<i64>,
    /// The most points that one redemption may spend now.
    pub redeemable_points: i64,
    /// What they are worth, in yuan.
    pub redeemable_price: Decimal,
    /// Redeemed in this month of the shop's zone, less what was given back of it.
    pub redeemed_this_month: i64,
    /// Whether the customer has signed in on this day of the shop's zone.
    pub signed_today: bool,
    /// How many points expire next; 0 where none do.
    pub expiring_points: i64,
    /// When they are gone.
    pub expiring_at: Option<DateTime<FixedOffset>>,
}

impl Client {
    /// The account of a customer.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn account_get(&self, customer_id: u64) -> Result<Account, Error> {
        self.read(Call::new(ACCOUNT_GET, customer_id)).await
    }
}
