//! A customer's account as a shop shows it: points, level and what can be spent.

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::try_join3;

use super::{customers, levels, point_expiry, point_history, store::Store};
use crate::{
    domain::{
        customer::Customer,
        id::Id,
        level::{self, Level},
        points::Account,
        redemption::Allowance,
        shop::Shop,
    },
    error::Error,
};

/// An account and what belongs to it.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Whose.
    pub customer: Customer,
    /// What the entries sum to.
    pub account: Account,
    /// Which level that gives.
    pub level: Option<Level>,
    /// The one after it.
    pub next_level: Option<Level>,
    /// What can be spent now; nothing where the level redeems none.
    pub allowance: Option<Allowance>,
    /// The shop's day.
    pub day: NaiveDate,
    /// How many points expire next, and when they are gone.
    pub expiring: Option<(i64, DateTime<Utc>)>,
}

/// A customer's account: 1 round trip, and where points expire a search in the ledger.
pub async fn overview(store: &Store, shop: &Shop, customer_id: Id, now: DateTime<Utc>) -> Result<Overview, Error> {
    let (customer, account, levels) = try_join3(
        customers::get(store, &shop.id, customer_id),
        point_history::account(store, &shop.id, customer_id),
        levels::all(store, &shop.id),
    )
    .await?;
    let customer = customer.ok_or(Error::NotFound)?;
    let expiring = point_expiry::next(store, shop, customer_id, &account).await?;
    let (level, next_level) = level::standing(&levels, account.earned_points);
    let day = account.day_at(now, shop);
    let allowance = Allowance::of(&account, level, day);
    let (level, next_level) = (level.cloned(), next_level.cloned());
    Ok(Overview { customer, account, level, next_level, allowance, day, expiring })
}
