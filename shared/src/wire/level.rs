//! Levels as they stand on the wire: by themselves, and nested in accounts.

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use domain::{id::Id, level::Level};

/// A level (积分等级规则): from how many points on a customer stands on it, and what it gives.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Level)]
pub struct LevelReply {
    /// The id of the level, increasing in order of creation.
    #[schema(example = 5)]
    id: Id,
    /// The name of the level.
    #[schema(max_length = 64, example = "初级会员")]
    title: String,
    /// The points that a customer must have earned to stand on this level; 0 asks for none.
    #[schema(maximum = 2147483647, example = 1000)]
    condition_points: u32,
    /// The points for signing in, once a day.
    #[schema(maximum = 2147483647, example = 0)]
    sign_points: u32,
    /// The points for each yuan paid, on top of the one that everybody gets. A whole number stands without decimals.
    #[serde(serialize_with = "number")]
    #[schema(value_type = f64, minimum = 0, maximum = 2147483647, example = 0.5)]
    gain_points: Decimal,
    /// The points that buy one yuan; 0 turns redemption off.
    #[schema(maximum = 2147483647, example = 100)]
    redeem_points: u32,
    /// The most points that one redemption may spend; 0 is no cap.
    #[schema(maximum = 2147483647, example = 0)]
    redeem_limitation: u32,
    /// The most points that a customer may redeem in a calendar month of the shop's zone; 0 is no cap.
    #[schema(maximum = 2147483647, example = 0)]
    redeem_limitation_monthly: u32,
}

impl From<Level> for LevelReply {
    fn from(level: Level) -> Self {
        Self {
            id: level.id,
            title: level.title,
            condition_points: level.condition_points,
            sign_points: level.sign_points,
            gain_points: level.gain_points,
            redeem_points: level.redeem_points,
            redeem_limitation: level.redeem_limitation,
            redeem_limitation_monthly: level.redeem_limitation_monthly,
        }
    }
}

/// `1` and `0.5`, never `1.0`.
fn number<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    match value.is_integer().then(|| value.to_i64()).flatten() {
        Some(whole) => serializer.serialize_i64(whole),
        None => serializer.serialize_f64(value.to_f64().unwrap_or_default()),
    }
}
