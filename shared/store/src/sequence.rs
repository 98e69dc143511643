//! Ids: one atomic ADD for a request, however many it needs.

use serde::Deserialize;

use super::{keys, store::Store};
use crate::{
    domain::{id::Id, shop::ShopId},
    error::Error,
};

const COUNTER: &str = "last";

#[derive(Deserialize)]
struct Counter {
    last: Id,
}

/// The first of `count` consecutive new ids of `resource`. Ids that are not used are gaps.
pub async fn reserve(store: &Store, shop: &ShopId, resource: &str, count: u64) -> Result<Id, Error> {
    let last = store.add(&keys::sequence(shop, resource), COUNTER, count).await?;
    Ok(last - count + 1)
}

/// One new id of `resource`.
pub async fn next(store: &Store, shop: &ShopId, resource: &str) -> Result<Id, Error> {
    reserve(store, shop, resource, 1).await
}

/// The newest id of `resource`, 0 without one.
pub(super) async fn last(store: &Store, shop: &ShopId, resource: &str) -> Result<Id, Error> {
    Ok(store.read::<Counter>(&keys::sequence(shop, resource)).await?.map_or(0, |counter| counter.last))
}

/// Moves the counter on, so that the next id of `resource` is `next`, unless it is past that. For loaders that bring ids
/// of their own and run alone.
pub async fn skip_to(store: &Store, shop: &ShopId, resource: &str, next: Id) -> Result<(), Error> {
    let last = last(store, shop, resource).await?;
    if last + 1 < next {
        store.add(&keys::sequence(shop, resource), COUNTER, next - 1 - last).await?;
    }
    Ok(())
}
