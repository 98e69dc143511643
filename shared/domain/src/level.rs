//! Levels. Earned points decide the level of a customer, and each level grants benefits (docs/api/levels.md).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{id::Id, money::Hundredths};

/// Longest title, in characters.
pub const TITLE_LENGTH: usize = 64;

/// A level (积分等级规则) of a shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Id chosen by this service; ids grow in order of creation.
    pub id: Id,
    /// Title of 1 to 64 characters.
    pub title: String,
    /// Earned points that a customer needs to reach this level.
    pub condition_points: u32,
    /// Points for one sign-in; a customer can sign in once a day.
    pub sign_points: u32,
    /// Points for each yuan paid, in addition to the one point that every customer gets. Not negative.
    pub gain_points: Decimal,
    /// Points that buy one yuan; 0 turns redemption off.
    pub redeem_points: u32,
    /// Most points in one redemption; 0 means no cap.
    pub redeem_limitation: u32,
    /// Most points that a customer can redeem in one calendar month of the shop's time zone; 0 means no cap.
    pub redeem_limitation_monthly: u32,
}

/// Returns the level that `earned_points` reach, and the next level above it. The level reached is the one with the
/// highest `condition_points` that is not above `earned_points`; the next is the one with the lowest `condition_points`
/// above them. Among levels with the same condition the lowest id wins (docs/api/levels.md).
pub fn level_and_next(levels: &[Level], earned_points: i64) -> (Option<&Level>, Option<&Level>) {
    let (reached, ahead): (Vec<_>, Vec<_>) =
        levels.iter().partition(|level| i64::from(level.condition_points) <= earned_points);
    let level = reached.into_iter().max_by_key(|level| (level.condition_points, std::cmp::Reverse(level.id)));
    (level, ahead.into_iter().min_by_key(|level| (level.condition_points, level.id)))
}

impl Level {
    /// Returns the points that a paid order earns: `floor(paid x (1 + gain_points))`. The result is not limited to the
    /// points that an account can hold; `None` if it does not fit into an `i64`.
    ///
    /// ```
    /// # use domain::{level::Level, money::Hundredths};
    /// assert_eq!(Level::points_for(None, Hundredths(1999)), Some(19));
    /// ```
    pub fn points_for(level: Option<&Self>, paid: Hundredths) -> Option<i64> {
        let gain = level.map(|level| level.gain_points.normalize()).unwrap_or_default();
        let paid = i128::from(paid.0);
        let more = paid.checked_mul(gain.mantissa())? / 10i128.checked_pow(gain.scale())?;
        i64::try_from(paid.checked_add(more)? / 100).ok()
    }
}

/// The fields of a level that a client sends. An omitted field keeps its value; in a new level it takes its default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LevelDraft {
    /// New title ([`Level::title`]); always present.
    pub title: String,
    /// New condition ([`Level::condition_points`]); 0 by default, as are all fields after it.
    pub condition_points: Option<u32>,
    /// New points for signing in ([`Level::sign_points`]).
    pub sign_points: Option<u32>,
    /// New points for each yuan ([`Level::gain_points`]).
    pub gain_points: Option<Decimal>,
    /// New points that buy one yuan ([`Level::redeem_points`]).
    pub redeem_points: Option<u32>,
    /// New cap of one redemption ([`Level::redeem_limitation`]).
    pub redeem_limitation: Option<u32>,
    /// New monthly cap ([`Level::redeem_limitation_monthly`]).
    pub redeem_limitation_monthly: Option<u32>,
}

impl LevelDraft {
    /// Returns level `id` after this draft is stored over `stored`.
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
