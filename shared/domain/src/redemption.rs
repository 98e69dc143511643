//! Redemption: the number of points that a customer may spend, and their value in money (docs/api/accounts.md).

use chrono::NaiveDate;

use crate::{level::Level, money::Hundredths, points::Account};

/// Largest number of redemptions of one order that were not returned (docs/api/point-history.md).
pub const MAX_OF_ORDER: usize = 10;

/// The points that a customer may spend at a given moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Points that buy one yuan, at least 1.
    redeem_points: i64,
    /// Balance of the account.
    balance: i64,
    /// Cap of one redemption, from the level.
    at_once: Option<i64>,
    /// Monthly cap from the level, and the points that are left of it.
    of_month: Option<(i64, i64)>,
}

impl Allowance {
    /// Returns the allowance of an account on `day`; `None` without a level, or if the level does not redeem points.
    pub fn of(account: &Account, level: Option<&Level>, day: NaiveDate) -> Option<Self> {
        let level = level.filter(|level| level.redeem_points > 0)?;
        let cap = |cap: u32| (cap > 0).then_some(i64::from(cap));
        let used = account.redeemed_in_month_of(day);
        Some(Self {
            redeem_points: level.redeem_points.into(),
            balance: account.points,
            at_once: cap(level.redeem_limitation),
            of_month: cap(level.redeem_limitation_monthly).map(|cap| (cap, (cap - used).max(0))),
        })
    }

    /// Returns the most points that one redemption may spend now.
    pub fn most(&self) -> i64 {
        let caps = [self.at_once, self.of_month.map(|(_, left)| left)];
        caps.into_iter().flatten().fold(self.balance, i64::min)
    }

    /// Returns the value of `points`, rounded down to 0.01 yuan.
    pub fn price(&self, points: i64) -> Hundredths {
        let price = i128::from(points) * 100 / i128::from(self.redeem_points);
        Hundredths(i64::try_from(price).unwrap_or(i64::MAX))
    }

    /// Returns the value of `points`.
    ///
    /// # Errors
    /// Every reason against the redemption, each with the number of points that it allows.
    pub fn redeem(&self, points: i64) -> Result<Hundredths, Vec<String>> {
        let mut reasons = Vec::new();
        if points > self.balance {
            reasons.push(format!("This customer has only {} points.", self.balance));
        }
        if let Some(cap) = self.at_once.filter(|cap| points > *cap) {
            reasons.push(format!("This level redeems at most {cap} points at once."));
        }
        if let Some((cap, left)) = self.of_month.filter(|(_, left)| points > *left) {
            reasons.push(format!("This level redeems at most {cap} points a month; {left} are left of this month."));
        }
        let price = self.price(points);
        if price.0 == 0 {
            reasons.push(format!("{points} points are worth less than 0.01; {} are worth 1.00.", self.redeem_points));
        }
        if reasons.is_empty() { Ok(price) } else { Err(reasons) }
    }
}
