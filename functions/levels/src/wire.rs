//! Levels as they are sent.

use shared::{
    body,
    domain::level::{LevelDraft, TITLE_LENGTH},
    http::{
        fields::{optional, required},
        kinds::{float, integer, text},
    },
};

/// The largest number of a field (`docs/api/levels.md`).
const MOST: u32 = i32::MAX as u32;

body! {
    /// A new level.
    pub(crate) struct LevelInput into LevelDraft {
        /// The name of the level: 1 to 64 characters.
        #[example("特殊会员")]
        title: required(text(1..=TITLE_LENGTH)),
        /// The points that a customer must have earned to stand on this level; 0 asks for none.
        #[default(0)]
        #[example(100)]
        condition_points: optional(integer(0..=MOST)),
        /// The points for signing in, once a day.
        #[default(0)]
        #[example(0)]
        sign_points: optional(integer(0..=MOST)),
        /// The points that buy one yuan; 0 turns redemption off.
        #[default(0)]
        #[example(100)]
        redeem_points: optional(integer(0..=MOST)),
        /// The most points that one redemption may spend; 0 is no cap.
        #[default(0)]
        #[example(0)]
        redeem_limitation: optional(integer(0..=MOST)),
        /// The most points that a customer may redeem in a calendar month of the shop's zone; 0 is no cap.
        #[default(0)]
        #[example(0)]
        redeem_limitation_monthly: optional(integer(0..=MOST)),
        /// The points for each yuan paid, on top of the one that everybody gets.
        #[default(0)]
        #[example(1)]
        gain_points: optional(float(0..=MOST)),
    }
}

body! {
    /// A change of a level. A field that is omitted stays as it is.
    pub(crate) struct LevelUpdate updates LevelInput;
}
