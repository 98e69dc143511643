//! Guessing passphrases is throttled: per customer and per shop, in windows of ten minutes.
//!
//! Only wrong passphrases count, so right ones may come in crowds. A wrong one is counted before it is answered, and
//! answered as wrong only up to the limit; a right one is good only where the count of its customer is below the limit when
//! the claim is committed. So a burst of guesses gains nothing over one after the other.

use chrono::{DateTime, Utc};
use futures_util::future::try_join;
use serde::Deserialize;

use super::{
    keys,
    store::{Range, Store},
    transaction::{Transaction, n},
};
use crate::{
    domain::{id::Id, shop::ShopId},
    error::Error,
    telemetry,
};

/// The length of a window in seconds.
pub const WINDOW: i64 = 600;
/// The most wrong passphrases of a customer in a window.
pub const MOST_OF_CUSTOMER: u64 = 10;
/// The most wrong passphrases of all customers of a shop in a window.
pub const MOST_OF_SHOP: u64 = 300;

/// How many shards count the wrong passphrases of a shop.
const SHARDS: u8 = 8;
const COUNT: &str = "guesses";
const TYPE: &str = "guesses";

/// What is counted of a customer, or on one shard of a shop.
#[derive(Debug, Deserialize)]
struct Count {
    guesses: u64,
}

/// When the window of a moment began.
fn window(now: DateTime<Utc>) -> i64 {
    now.timestamp() - now.timestamp().rem_euclid(WINDOW)
}

/// Refuses a customer or a shop that has guessed too often in this window, whatever the passphrase is.
///
/// # Errors
/// [`Error::Throttled`] until the window ends.
pub async fn check(store: &Store, shop: &ShopId, customer: Id, now: DateTime<Utc>) -> Result<(), Error> {
    let key = keys::guesses_of_customer(shop, customer, window(now));
    let of_shop = Range { pk: keys::guesses_of_shop_partition(shop, window(now)), ..Range::default() };
    let (of_customer, of_shop) = try_join(store.read::<Count>(&key), store.query_as::<Count>(&of_shop)).await?;
    if of_customer.is_some_and(|count| count.guesses >= MOST_OF_CUSTOMER) {
        return Err(throttled("customer", now));
    }
    if of_shop.iter().map(|shard| shard.guesses).sum::<u64>() >= MOST_OF_SHOP {
        return Err(throttled("shop", now));
    }
    Ok(())
}

/// Counts a wrong passphrase.
///
/// # Errors
/// [`Error::Throttled`] where it is one too many.
pub async fn missed(store: &Store, shop: &ShopId, customer: Id, now: DateTime<Utc>) -> Result<(), Error> {
    let of_customer = keys::guesses_of_customer(shop, customer, window(now));
    let of_shop = keys::guesses_of_shop(shop, window(now), rand::random::<u8>() % SHARDS);
    // Nothing needs them after the window.
    let counter = (TYPE, Some(window(now) + 2 * WINDOW));
    let count = async |key| store.count(&key, COUNT, 1, counter).await;
    let (guesses, _) = try_join(count(of_customer), count(of_shop)).await?;
    if guesses > MOST_OF_CUSTOMER { Err(throttled("customer", now)) } else { Ok(()) }
}

/// Lets a claim be refused under `guesses` where its customer has guessed too often meanwhile.
pub fn rely(transaction: &mut Transaction, shop: &ShopId, customer: Id, now: DateTime<Utc>) {
    let key = keys::guesses_of_customer(shop, customer, window(now));
    let few = format!("attribute_not_exists(#PK) OR #{COUNT} < :most");
    transaction.check("guesses", key, few, vec![(":most", n(MOST_OF_CUSTOMER))]);
}

fn throttled(by: &'static str, now: DateTime<Utc>) -> Error {
    // The metric: one line for each attempt that is turned away. The shop stands in the request's span.
    tracing::warn!(target: telemetry::THROTTLED_CLAIM, by, throttled_claims = 1u64, "claim throttled");
    let left = window(now) + WINDOW - now.timestamp();
    Error::Throttled { retry_after: u32::try_from(left).unwrap_or(1).max(1) }
}
