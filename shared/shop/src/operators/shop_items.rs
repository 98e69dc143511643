//! Every item of a shop as it is stored, for moving the shop elsewhere: one line of DynamoDB JSON each.
//!
//! They are found by a scan of the table, since a shop's partitions cannot be counted off, and by [`keys::owner`], which
//! knows whose the few items are that stand outside of the shop's own prefix.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use serde_dynamo::AttributeValue;
use sha2::{Digest, Sha256};

use super::{
    Item, entity,
    keys::{self, Key, Owner},
    store::Store,
};
use crate::{domain::shop::ShopId, error::Error};

/// The attribute of a token's record that names its shop.
const SHOP: &str = "shop";

/// An item of a shop.
#[derive(Debug, Clone)]
pub struct ShopItem {
    /// Where it is stored.
    pub key: Key,
    /// Its attributes in DynamoDB JSON: one line, all keys sorted, so that the same item is always the same text.
    pub line: String,
    /// Whether it leads jobs or requests to the shop: the index of what is due, tokens, and the registry.
    pub door: bool,
    /// Until when DynamoDB keeps it, in epoch seconds, if it does not stay.
    pub ttl: Option<i64>,
}

impl ShopItem {
    /// Whether it is none any more, be it removed yet or not.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.ttl.is_some_and(|ttl| ttl <= now.timestamp())
    }

    /// Whether it is the shop in the registry: while that is missing, no token opens the shop.
    pub fn is_registry(&self, shop: &ShopId) -> bool {
        self.key == keys::shop(shop)
    }
}

/// What items say, in whatever order they come: equal where they are equal. Items that DynamoDB removes by itself do not
/// count: whatever is done in a shop changes others too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fingerprint {
    items: u64,
    sum: u128,
}

impl Fingerprint {
    /// Takes an item in.
    pub fn add(&mut self, item: &ShopItem) {
        if item.ttl.is_some() {
            return;
        }
        let hash = Sha256::digest(item.line.as_bytes());
        let half = hash.iter().take(16).fold(0u128, |half, byte| half << 8 | u128::from(*byte));
        self.items += 1;
        self.sum = self.sum.wrapping_add(half);
    }
}

/// Whether an item belongs to the shop, as data or as a door.
///
/// # Errors
/// [`Error::Internal`] for an item whose key has no known shape: it might be the shop's.
fn belongs(shop: &ShopId, item: &Item) -> Result<Option<(Key, bool)>, Error> {
    let unknown = || Error::Internal("an item of an unknown kind".to_owned());
    let key = entity::key(item).ok_or_else(unknown)?;
    let (of, door) = match keys::owner(&key) {
        Some(Owner::Data(of)) => (of, false),
        Some(Owner::Door(of)) => (of, true),
        Some(Owner::Token) => (item.get(SHOP).and_then(|shop| shop.as_s().ok()).ok_or_else(unknown)?.as_str(), true),
        Some(Owner::Import) => return Ok(None),
        None => return Err(Error::Internal(format!("an item of an unknown kind: {}", key.pk))),
    };
    let ours = of == shop.as_str();
    Ok(ours.then_some((key, door)))
}

fn ttl(item: &Item) -> Option<i64> {
    item.get(keys::TTL)?.as_n().ok()?.parse().ok()
}

fn line(item: Item) -> Result<String, Error> {
    let unwritable = |error| Error::Internal(format!("unwritable item: {error}"));
    let attributes: BTreeMap<String, AttributeValue> =
        item.into_iter().map(|(name, value)| (name, value.into())).collect();
    let mut value = serde_json::to_value(attributes).map_err(unwritable)?;
    value.sort_all_objects();
    serde_json::to_string(&value).map_err(unwritable)
}

/// The items of a shop, page by page and in no order. It reads the whole table.
///
/// # Errors
/// [`Error::Unavailable`] where the store fails, and [`Error::Internal`] for an item that might be the shop's and is not
/// known.
pub fn read(store: &Store, shop: &ShopId) -> impl Stream<Item = Result<Vec<ShopItem>, Error>> {
    store.scan().map(move |page| {
        let items = page?.into_iter().filter_map(|item| match belongs(shop, &item) {
            Ok(Some((key, door))) => {
                let ttl = ttl(&item);
                Some(line(item).map(|line| ShopItem { key, line, door, ttl }))
            }
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        });
        items.collect()
    })
}

/// Whether the table holds any item of the shop.
pub(super) async fn any(store: &Store, shop: &ShopId) -> Result<bool, Error> {
    store.scan_finds(|item| matches!(belongs(shop, item), Ok(Some(_)))).await
}

/// Reads an item of the shop from its line.
///
/// # Errors
/// A text that says what is wrong: it is no item, or another shop's.
pub fn parse(shop: &ShopId, line: &str) -> Result<(ShopItem, Item), String> {
    let attributes: BTreeMap<String, AttributeValue> =
        serde_json::from_str(line).map_err(|error| format!("no item: {error}"))?;
    let item: Item = attributes.into_iter().map(|(name, value)| (name, value.into())).collect();
    let (key, door) =
        belongs(shop, &item).map_err(|error| error.to_string())?.ok_or_else(|| format!("not an item of {shop}"))?;
    let ttl = ttl(&item);
    Ok((ShopItem { key, line: line.to_owned(), door, ttl }, item))
}
