//! Levels: what a customer's points have earned them, and what each level grants (`loyalty.txt`).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{id::Id, money::Hundredths};

/// The longest title, in characters.
pub const TITLE_LENGTH: usize = 64;

/// A level (积分等级规则) of a shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Ours, increasing in order of creation.
    pub id: Id,
    /// 1 to 64 characters.
    pub title: String,
    /// Points that a customer must have earned to stand on this level.
    pub condition_points: u32,
    /// Points for signing in, once a day.
    pub sign_points: u32,
    /// Points for each yuan paid, on top of the one that everybody gets. Not negative.
    pub gain_points: Decimal,
    /// How many points buy one yuan; 0 turns redemption off.
    pub redeem_points: u32,
    /// The most points in one redemption; 0 is no cap.
    pub redeem_limitation: u32,
    /// The most points redeemed in a calendar month of the shop's zone; 0 is no cap.
    pub redeem_limitation_monthly: u32,
}

/// The level that so many earned points give, and the one after it: the highest `condition_points` not above them, the
/// lowest above them, and of levels of the same condition the lowest id (`readings.md`).
pub fn standing(levels: &[Level], earned_points: i64) -> (Option<&Level>, Option<&Level>) {
    let (reached, ahead): (Vec<_>, Vec<_>) =
        levels.iter().partition(|level| i64::from(level.condition_points) <= earned_points);
    let level = reached.into_iter().max_by_key(|level| (level.condition_points, std::cmp::Reverse(level.id)));
    (level, ahead.into_iter().min_by_key(|level| (level.condition_points, level.id)))
}

impl Level {
    /// What a paid order earns: `floor(paid x (1 + gain_points))`, whatever is paid; `None` beyond all balances.
    ///
    /// ```
    /// # use shared::domain::{level::Level, money::Hundredths};
    /// assert_eq!(Level::points_for(None, Hundredths(1999)), Some(19));
    /// ```
    pub fn points_for(level: Option<&Self>, paid: Hundredths) -> Option<i64> {
        let gain = level.map(|level| level.gain_points.normalize()).unwrap_or_default();
        let paid = i128::from(paid.0);
        let more = paid.checked_mul(gain.mantissa())? / 10i128.checked_pow(gain.scale())?;
        i64::try_from(paid.checked_add(more)? / 100).ok()
    }
}

/// What a client sends of a level: an omitted field stays as it is, or takes its default in a new one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LevelDraft {
    /// See [`Level`].
    pub title: String,
    /// See [`Level`]; 0 by default, like those that follow.
    pub condition_points: Option<u32>,
    /// See [`Level`].
    pub sign_points: Option<u32>,
    /// See [`Level`].
    pub gain_points: Option<Decimal>,
    /// See [`Level`].
    pub redeem_points: Option<u32>,
    /// See [`Level`].
    pub redeem_limitation: Option<u32>,
    /// See [`Level`].
    pub redeem_limitation_monthly: Option<u32>,
}

impl LevelDraft {
    /// The level `id` as it is after this draft was stored over `stored`.
    pub fn over(self, id: Id, stored: Option<Level>) -> Level {
        let stored = stored.as_ref();
        let kept = |draft: Option<u32>, field: fn(&Level) -> u32| draft.or(stored.map(field)).unwrap_or(0);
        Level {
            id,
            title: self.title,
            condition_points: kept(self.condition_points, |level| level.condition_points),
            sign_points: kept(self.sign_points, |level| level.sign_points),
            gain_points: self.gain_points.or(stored.map(|level| level.gain_points)).unwrap_or_default(),
            redeem_points: kept(self.redeem_points, |level| level.redeem_points),
            redeem_limitation: kept(self.redeem_limitation, |level| level.redeem_limitation),
            redeem_limitation_monthly: kept(self.redeem_limitation_monthly, |level| level.redeem_limitation_monthly),
        }
    }
}
