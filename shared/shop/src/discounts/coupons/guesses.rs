//! Throttling of wrong passphrases, by customer and by shop, in windows of ten minutes (docs/api/coupons.md).
//!
//! Only wrong passphrases count, so any number of right ones may come at once. A wrong one is counted before it is
//! answered, and is answered as wrong only up to the limit. A right one succeeds only if the count of its customer is
//! below the limit when the claim is committed. So many guesses in parallel gain nothing over one after the other.

use chrono::{DateTime, Utc};
use futures_util::future::try_join;
use serde::Deserialize;

use crate::keys;
use domain::{error::Error, id::Id, shop::ShopId};
use store::{
    client::{Range, Store},
    item::n,
    transaction::Transaction,
};

/// Target of the log event of a claim that was refused because too many passphrases were guessed. A metric counts it.
pub const THROTTLED_CLAIM: &str = "throttled_claim";

/// Length of a window, in seconds.
pub const WINDOW: i64 = 600;
/// Largest number of wrong passphrases of one customer in a window.
pub const MOST_OF_CUSTOMER: u64 = 10;
/// Largest number of wrong passphrases of all customers of a shop in a window.
pub const MOST_OF_SHOP: u64 = 300;

/// Number of shards of a shop's count of wrong passphrases.
const SHARDS: u8 = 8;
const COUNT: &str = "guesses";
const TYPE: &str = "guesses";

/// Count of a customer, or one shard of the count of a shop.
#[derive(Debug, Deserialize)]
struct Count {
    guesses: u64,
}

/// Returns the epoch second at which the window of `now` starts.
fn window(now: DateTime<Utc>) -> i64 {
    now.timestamp() - now.timestamp().rem_euclid(WINDOW)
}

/// Refuses a claim of a customer or shop with too many wrong passphrases in this window, whatever the passphrase is.
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
/// [`Error::Throttled`] if it exceeds the limit of the customer.
pub async fn missed(store: &Store, shop: &ShopId, customer: Id, now: DateTime<Utc>) -> Result<(), Error> {
    let of_customer = keys::guesses_of_customer(shop, customer, window(now));
    let of_shop = keys::guesses_of_shop(shop, window(now), rand::random::<u8>() % SHARDS);
    // Nothing reads the counts after the window.
    let counter = (TYPE, Some(window(now) + 2 * WINDOW));
    let count = async |key| store.count(&key, COUNT, 1, counter).await;
    let (guesses, _) = try_join(count(of_customer), count(of_shop)).await?;
    if guesses > MOST_OF_CUSTOMER { Err(throttled("customer", now)) } else { Ok(()) }
}

/// Conditions a claim on the count of its customer. Refused under the label `guesses` if the customer has reached the
/// limit by then.
pub fn rely(transaction: &mut Transaction, shop: &ShopId, customer: Id, now: DateTime<Utc>) {
    let key = keys::guesses_of_customer(shop, customer, window(now));
    let few = format!("attribute_not_exists(#PK) OR #{COUNT} < :most");
    transaction.check("guesses", key, few, vec![(":most", n(MOST_OF_CUSTOMER))]);
}

fn throttled(by: &'static str, now: DateTime<Utc>) -> Error {
    // Source of the metric: one line for each throttled claim. The span of the request names the shop.
    tracing::warn!(target: THROTTLED_CLAIM, by, throttled_claims = 1u64, "claim throttled");
    let left = window(now) + WINDOW - now.timestamp();
    Error::Throttled { retry_after: u32::try_from(left).unwrap_or(1).max(1) }
}
