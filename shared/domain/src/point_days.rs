//! What a shop owes its customers in points, day by day.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::points::{PointEntry, kind};

/// What the entries of a day sum to. All are magnitudes but [`Self::adjusted`], which is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DaySums {
    /// Earned by orders.
    pub earned: i64,
    /// Given for signing in.
    pub signed: i64,
    /// Redemptions that were given back.
    pub returned: i64,
    /// Adjusted by the merchant, either way.
    pub adjusted: i64,
    /// Spent.
    pub redeemed: i64,
    /// Taken back by orders.
    pub reversed: i64,
    /// Not spent in time.
    pub expired: i64,
}

impl DaySums {
    /// The names of the sums, in their order.
    pub const NAMES: [&'static str; 7] =
        ["earned", "signed", "returned", "adjusted", "redeemed", "reversed", "expired"];

    /// The sums, in the order of [`Self::NAMES`].
    pub fn values(&self) -> [i64; 7] {
        let Self { earned, signed, returned, adjusted, redeemed, reversed, expired } = *self;
        [earned, signed, returned, adjusted, redeemed, reversed, expired]
    }

    /// Of one entry.
    pub fn of(entry: &PointEntry) -> Self {
        let mut sums = Self::default();
        let points = entry.points;
        match entry.kind.as_str() {
            kind::BUY => sums.earned = points,
            kind::SIGN => sums.signed = points,
            kind::REDEEM => sums.redeemed = -points,
            kind::REFUND if points < 0 => sums.reversed = -points,
            kind::REFUND => sums.returned = points,
            kind::EXPIRE => sums.expired = -points,
            _ => sums.adjusted = points,
        }
        sums
    }

    /// What is left without others.
    #[must_use]
    pub fn less(&self, others: &Self) -> Self {
        Self {
            earned: self.earned - others.earned,
            signed: self.signed - others.signed,
            returned: self.returned - others.returned,
            adjusted: self.adjusted - others.adjusted,
            redeemed: self.redeemed - others.redeemed,
            reversed: self.reversed - others.reversed,
            expired: self.expired - others.expired,
        }
    }

    /// By how much the points in the hands of customers grow.
    pub fn change(&self) -> i64 {
        let Self { earned, signed, returned, adjusted, redeemed, reversed, expired } = *self;
        earned + signed + returned + adjusted - redeemed - reversed - expired
    }
}

impl AddAssign for DaySums {
    fn add_assign(&mut self, other: Self) {
        self.earned += other.earned;
        self.signed += other.signed;
        self.returned += other.returned;
        self.adjusted += other.adjusted;
        self.redeemed += other.redeemed;
        self.reversed += other.reversed;
        self.expired += other.expired;
    }
}
