//! Levels as they are sent.

use serde_json::Value;
use shared::{
    domain::level::{LevelDraft, TITLE_LENGTH},
    http::fields::{Checked, Fields, float, integer, text},
};
use utoipa::ToSchema;

/// The largest number of a field (`readings.md`).
const MOST: u32 = i32::MAX as u32;

/// A level as it is sent. Numbers that are omitted are 0 in a new level, and stay as they are in an update.
#[derive(ToSchema)]
#[schema(as = LevelInput)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub(crate) struct LevelBody {
    /// The name of the level: 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64, example = "特殊会员")]
    title: String,
    /// The points that a customer must have earned to stand on this level; 0, the default, asks for none.
    #[schema(nullable = false, maximum = 2147483647, default = 0, example = 100)]
    condition_points: Option<u32>,
    /// The points for signing in, once a day. 0 by default.
    #[schema(nullable = false, maximum = 2147483647, default = 0, example = 0)]
    sign_points: Option<u32>,
    /// The points for each yuan paid, on top of the one that everybody gets. 0 by default.
    #[schema(nullable = false, minimum = 0, maximum = 2147483647, default = 0, example = 1)]
    gain_points: Option<f64>,
    /// How many points buy one yuan; 0, the default, turns redemption off.
    #[schema(nullable = false, maximum = 2147483647, default = 0, example = 100)]
    redeem_points: Option<u32>,
    /// The most points that one redemption may spend; 0, the default, is no cap.
    #[schema(nullable = false, maximum = 2147483647, default = 0, example = 0)]
    redeem_limitation: Option<u32>,
    /// The most points that a customer may redeem in a calendar month of the shop's zone; 0, the default, is no cap.
    #[schema(nullable = false, maximum = 2147483647, default = 0, example = 0)]
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
