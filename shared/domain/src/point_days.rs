//! Daily sums of a shop's ledger entries. They add up to the points that the shop owes its customers.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::points::{PointEntry, kind};

/// Sums of the ledger entries of one day, in points. All are magnitudes, except [`Self::adjusted`], which is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DaySums {
    /// Points earned by orders.
    pub earned: i64,
    /// Points given for signing in.
    pub signed: i64,
    /// Points of redemptions that were returned.
    pub returned: i64,
    /// Points adjusted by the merchant; negative if more were taken than given.
    pub adjusted: i64,
    /// Points spent by customers.
    pub redeemed: i64,
    /// Points taken back by orders.
    pub reversed: i64,
    /// Points that expired.
    pub expired: i64,
}

impl DaySums {
    /// Names of the sums, in their order.
    pub const NAMES: [&'static str; 7] =
        ["earned", "signed", "returned", "adjusted", "redeemed", "reversed", "expired"];

    /// Returns the sums, in the order of [`Self::NAMES`].
    pub fn values(&self) -> [i64; 7] {
        let Self { earned, signed, returned, adjusted, redeemed, reversed, expired } = *self;
        [earned, signed, returned, adjusted, redeemed, reversed, expired]
    }

    /// Returns the sums of a single entry.
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

    /// Returns these sums minus `others`, field by field.
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

    /// Returns the change in the total balance of all customers, in points.
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
