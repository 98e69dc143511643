//! Levels as they stand on the wire.

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Serialize, Serializer};
use serde_json::Value;
use shared::{
    domain::{
        id::Id,
        level::{Level, LevelDraft, TITLE_LENGTH},
    },
    http::fields::{Checked, Fields, float, integer, text},
};
use utoipa::ToSchema;

/// The largest number of a field (`readings.md`).
const MOST: u32 = i32::MAX as u32;

/// A level.
#[derive(Serialize, ToSchema)]
#[schema(as = Level)]
pub(crate) struct LevelReply {
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

/// A level as it is sent: numbers that are omitted are 0 in a new level and stay as they are in an update.
#[derive(ToSchema)]
#[schema(as = LevelInput)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub(crate) struct LevelBody {
    /// 1 to 64 characters.
    #[schema(max_length = 64, example = "特殊会员")]
    title: String,
    /// See the reply.
    #[schema(maximum = 2147483647, example = 100)]
    condition_points: Option<u32>,
    /// See the reply.
    #[schema(maximum = 2147483647)]
    sign_points: Option<u32>,
    /// See the reply.
    #[schema(minimum = 0, maximum = 2147483647, example = 1)]
    gain_points: Option<f64>,
    /// See the reply.
    #[schema(maximum = 2147483647, example = 100)]
    redeem_points: Option<u32>,
    /// See the reply.
    #[schema(maximum = 2147483647)]
    redeem_limitation: Option<u32>,
    /// See the reply.
    #[schema(maximum = 2147483647)]
    redeem_limitation_monthly: Option<u32>,
}

/// Reads a level from a body.
pub(crate) fn parse(body: &Value) -> Checked<LevelDraft> {
    let mut fields = Fields::of(body)?;
    let title = fields.required("title", text(TITLE_LENGTH, false));
    let mut number = |name| fields.optional(name, integer(0..=MOST));
    let (condition_points, sign_points) = (number("condition_points"), number("sign_points"));
    let redeem_points = number("redeem_points");
    let (redeem_limitation, redeem_limitation_monthly) =
        (number("redeem_limitation"), number("redeem_limitation_monthly"));
    let gain_points = fields.optional("gain_points", float(0..=MOST));
    fields.build(|| {
        Some(LevelDraft {
            title: title?,
            condition_points,
            sign_points,
            gain_points,
            redeem_points,
            redeem_limitation,
            redeem_limitation_monthly,
        })
    })
}
