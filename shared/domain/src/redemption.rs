//! How many points a customer may spend, and what they are worth.

use chrono::NaiveDate;

use super::{level::Level, money::Hundredths, points::Account};

/// The most live redemptions of one order (`beyond.md`).
pub const MAX_OF_ORDER: usize = 10;

/// What a customer may spend at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many points buy one yuan.
    redeem_points: i64,
    /// What is there.
    balance: i64,
    /// The level's cap of one redemption.
    at_once: Option<i64>,
    /// The level's cap of a month, and what is left of it.
    of_month: Option<(i64, i64)>,
}

impl Allowance {
    /// Of an account on `day`; nothing where its level redeems none, or there is no level.
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

    /// The most points that one redemption may spend now.
    pub fn most(&self) -> i64 {
        let caps = [self.at_once, self.of_month.map(|(_, left)| left)];
        caps.into_iter().flatten().fold(self.balance, i64::min)
    }

    /// What so many points are worth, floored to the cent.
    pub fn price(&self, points: i64) -> Hundredths {
        let price = i128::from(points) * 100 / i128::from(self.redeem_points);
        Hundredths(i64::try_from(price).unwrap_or(i64::MAX))
    }

    /// All that forbids a redemption of so many points, and how many each leaves; the price where nothing does.
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
