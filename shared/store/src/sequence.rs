//! Sequences of ids: one atomic addition for each request, however many ids it needs.

use serde::Deserialize;

use crate::{client::Store, keys};
use domain::{error::Error, id::Id, shop::ShopId};

const COUNTER: &str = "last";

#[derive(Deserialize)]
struct Counter {
    last: Id,
}

/// Reserves `count` consecutive ids of `resource` and returns the first: one round trip. Unused ids remain as gaps.
pub async fn reserve(store: &Store, shop: &ShopId, resource: &str, count: u64) -> Result<Id, Error> {
    let last = store.add(&keys::sequence(shop, resource), COUNTER, count).await?;
    Ok(last - count + 1)
}

/// Returns a new id of `resource`: one round trip.
pub async fn next(store: &Store, shop: &ShopId, resource: &str) -> Result<Id, Error> {
    reserve(store, shop, resource, 1).await
}

/// Returns the newest id of `resource`, or 0 if there is none.
pub async fn last(store: &Store, shop: &ShopId, resource: &str) -> Result<Id, Error> {
    Ok(store.read::<Counter>(&keys::sequence(shop, resource)).await?.map_or(0, |counter| counter.last))
}

/// Advances the sequence, so that the next id of `resource` is at least `next`. For imports that bring their own ids
/// and run alone.
pub async fn skip_to(store: &Store, shop: &ShopId, resource: &str, next: Id) -> Result<(), Error> {
    let last = last(store, shop, resource).await?;
    if last + 1 < next {
        store.add(&keys::sequence(shop, resource), COUNTER, next - 1 - last).await?;
    }
    Ok(())
}
