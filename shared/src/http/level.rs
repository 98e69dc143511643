//! Levels as they stand on the wire: by themselves, and nested in accounts.

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::domain::{id::Id, level::Level};

/// A level.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Level)]
pub struct LevelReply {
    /// Ours, increasing in order of creation.
    #[schema(example = 5)]
    id: Id,
    /// The name of the level.
    #[schema(example = "初级会员")]
    title: String,
    /// Points that a customer must have earned to stand on this level.
    #[schema(example = 1000)]
    condition_points: u32,
    /// Points for signing in, once a day.
    sign_points: u32,
    /// Points for each yuan paid, on top of the one that everybody gets.
    #[serde(serialize_with = "number")]
    #[schema(value_type = f64)]
    gain_points: Decimal,
    /// How many points buy one yuan; 0 turns redemption off.
    redeem_points: u32,
    /// The most points in one redemption; 0 is no cap.
    redeem_limitation: u32,
    /// The most points redeemed in a calendar month; 0 is no cap.
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
