//! Accounts as they stand on the wire.

use chrono_tz::Tz;
use serde::Serialize;
use shared::{
    domain::{money::Hundredths, timestamp},
    http::{customer::CustomerReply, level::LevelReply},
    table::accounts::Overview,
};
use utoipa::ToSchema;

/// The account of a customer.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountReply {
    /// Whose.
    customer: CustomerReply,
    /// The balance: the sum of the customer's entries.
    points: i64,
    /// What counts for the level: earned by orders, sign-ins and positive adjustments, less what orders took back.
    earned_points: i64,
    /// The level that they give; null without one.
    level: Option<LevelReply>,
    /// The level after it; null where there is none.
    next_level: Option<LevelReply>,
    /// How many points are still to be earned for it; null where there is none.
    points_to_next_level: Option<i64>,
    /// The most points that one redemption may spend now.
    redeemable_points: i64,
    /// What they are worth.
    #[schema(example = "0.00")]
    redeemable_price: String,
    /// Redeemed in this month of the shop's zone, less what was given back of it.
    redeemed_this_month: i64,
    /// Whether the customer has signed in on this day of the shop's zone.
    signed_today: bool,
    /// How many points expire next; 0 where none do.
    expiring_points: i64,
    /// When they are gone; null where none are.
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
