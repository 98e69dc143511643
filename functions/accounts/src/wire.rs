//! Accounts as they stand on the wire.

use chrono_tz::Tz;
use serde::Serialize;
use shared::{
    domain::{money::Hundredths, timestamp},
    shop::loyalty::accounts::Overview,
    wire::{customer::CustomerReply, level::LevelReply},
};
use utoipa::ToSchema;

/// The points of a customer: what there is, what it is worth, and what comes next.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountReply {
    /// The customer whose account it is.
    customer: CustomerReply,
    /// The balance: the sum of the customer's entries, never below 0.
    #[schema(minimum = 0, example = 500)]
    points: i64,
    /// The points that count for the level: earned by orders, sign-ins and positive adjustments, less what refunded orders
    /// took back. Spending does not lower it.
    #[schema(example = 1200)]
    earned_points: i64,
    /// The level on which the customer stands; null without one.
    level: Option<LevelReply>,
    /// The level after it; null where there is none.
    next_level: Option<LevelReply>,
    /// The points still to be earned for the next level; null without a next level.
    #[schema(minimum = 0, example = 800)]
    points_to_next_level: Option<i64>,
    /// The most points that one redemption may spend now; 0 where redemption is off.
    #[schema(minimum = 0, example = 500)]
    redeemable_points: i64,
    /// The worth of those points, in yuan.
    #[schema(format = "decimal", example = "5.00")]
    redeemable_price: String,
    /// The points redeemed in this calendar month of the shop's zone, less what was given back of them.
    #[schema(minimum = 0, example = 0)]
    redeemed_this_month: i64,
    /// True if the customer has signed in on this day of the shop's zone.
    signed_today: bool,
    /// The points that expire next; 0 if none do.
    #[schema(minimum = 0, example = 0)]
    expiring_points: i64,
    /// The time at which those points expire; null if none do.
    #[schema(format = DateTime)]
    expiring_at: Option<String>,
}

impl AccountReply {
    /// An account with its times in `zone`.
    pub(crate) fn new(overview: Overview, zone: Tz) -> Self {
        let Overview { customer, account, level, next_level, allowance, day, expiring } = overview;
        let most = allowance.map_or(0, |allowance| allowance.most());
        let price = allowance.map_or(Hundredths(0), |allowance| allowance.price(most));
        let ahead = next_level.as_ref().map(|next| i64::from(next.condition_points) - account.earned_points);
        Self {
            customer: CustomerReply::new(&customer, zone),
            points: account.points,
            earned_points: account.earned_points,
            level: level.map(LevelReply::from),
            next_level: next_level.map(LevelReply::from),
            points_to_next_level: ahead,
            redeemable_points: most,
            redeemable_price: price.to_string(),
            redeemed_this_month: account.redeemed_in_month_of(day),
            signed_today: account.has_signed_on(day),
            expiring_points: expiring.map_or(0, |(points, _)| points),
            expiring_at: expiring.map(|(_, at)| timestamp::render(at, zone)),
        }
    }
}
