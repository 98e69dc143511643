//! A customer's account as the API shows it: points, level, and the points that can be redeemed now
//! (docs/api/accounts.md).

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::try_join3;

use crate::{
    crm::customers,
    loyalty::{expiry, history, levels},
};
use domain::{
    customer::Customer,
    error::Error,
    id::Id,
    level::{self, Level},
    points::Account,
    redemption::Allowance,
    shop::Shop,
};
use store::client::Store;

/// An account together with its customer, its level and its next expiry.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The customer who owns the account.
    pub customer: Customer,
    /// Sums over the customer's ledger entries.
    pub account: Account,
    /// The customer's level, by the points ever earned; `None` below the lowest level.
    pub level: Option<Level>,
    /// The next higher level; `None` at the highest one.
    pub next_level: Option<Level>,
    /// Points that can be redeemed now; `None` if the customer has no level or the level redeems no points.
    pub allowance: Option<Allowance>,
    /// The current day in the shop's time zone.
    pub day: NaiveDate,
    /// Number of points that expire next, and the instant from which they cannot be spent; `None` if none expire.
    pub expiring: Option<(i64, DateTime<Utc>)>,
}

/// Reads a customer's account in 1 round trip. If the shop lets points expire, a search in the ledger follows: 1 range
/// query, and another for the end of the expiring points. Beyond 16 entries a binary search reads one entry for each
/// step.
pub async fn overview(store: &Store, shop: &Shop, customer_id: Id, now: DateTime<Utc>) -> Result<Overview, Error> {
    let (customer, account, levels) = try_join3(
        customers::get(store, &shop.id, customer_id),
        history::account(store, &shop.id, customer_id),
        levels::all(store, &shop.id),
    )
    .await?;
    let customer = customer.ok_or(Error::NotFound)?;
    let expiring = expiry::next(store, shop, customer_id, &account).await?;
    let (level, next_level) = level::level_and_next(&levels, account.earned_points);
    let day = account.day_at(now, shop);
    let allowance = Allowance::of(&account, level, day);
    let (level, next_level) = (level.cloned(), next_level.cloned());
    Ok(Overview { customer, account, level, next_level, allowance, day, expiring })
}
