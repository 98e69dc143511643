//! All items of a shop as they are stored, for moving the shop to another table: one line of DynamoDB JSON for each.
//!
//! A scan of the whole table finds them, since the partitions of a shop cannot be listed. [`keys::owner`] tells the
//! owner of the few items that stand outside the shop's own prefix.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use serde_dynamo::AttributeValue;
use sha2::{Digest, Sha256};

use crate::keys::{self, Key, Owner};
use domain::{error::Error, shop::ShopId};
use store::{Item, client::Store, entity};

/// Name of the attribute of a token's record that names its shop.
const SHOP: &str = "shop";

/// One item of a shop.
#[derive(Debug, Clone)]
pub struct ShopItem {
    /// Primary key of the item.
    pub key: Key,
    /// The attributes in DynamoDB JSON: one line, all keys sorted, so that equal items have equal text.
    pub line: String,
    /// Set for an entry point, which leads jobs or requests to the shop: an entry of the index of due work, a token, or
    /// the shop in the registry.
    pub entry_point: bool,
    /// Instant at which DynamoDB removes the item, in epoch seconds; `None` for an item that stays.
    pub ttl: Option<i64>,
}

impl ShopItem {
    /// True if the item has expired, even if DynamoDB has not removed it yet.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.ttl.is_some_and(|ttl| ttl <= now.timestamp())
    }

    /// True for the shop in the registry. No token opens the shop while this item is missing.
    pub fn is_registry(&self, shop: &ShopId) -> bool {
        self.key == keys::shop(shop)
    }
}

/// Order-independent fingerprint of items: equal for equal sets of items. Items that DynamoDB removes by itself are not
/// included. Any change in a shop also changes an item that is included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fingerprint {
    items: u64,
    sum: u128,
}

impl Fingerprint {
    /// Adds an item to the fingerprint.
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

/// Returns the key of an item of this shop, and true for an entry point; `None` for an item of another owner.
///
/// # Errors
/// [`Error::Internal`] for an item whose key has no known shape, since it might be the shop's.
fn belongs(shop: &ShopId, item: &Item) -> Result<Option<(Key, bool)>, Error> {
    let unknown = || Error::Internal("an item of an unknown kind".to_owned());
    let key = entity::key(item).ok_or_else(unknown)?;
    let (of, entry_point) = match keys::owner(&key) {
        Some(Owner::Data(of)) => (of, false),
        Some(Owner::EntryPoint(of)) => (of, true),
        Some(Owner::Token) => (item.get(SHOP).and_then(|shop| shop.as_s().ok()).ok_or_else(unknown)?.as_str(), true),
        Some(Owner::Import) => return Ok(None),
        None => return Err(Error::Internal(format!("an item of an unknown kind: {}", key.pk))),
    };
    let ours = of == shop.as_str();
    Ok(ours.then_some((key, entry_point)))
}

fn ttl(item: &Item) -> Option<i64> {
    item.get(keys::TTL)?.as_n().ok()?.parse().ok()
}

fn line(item: Item) -> Result<String, Error> {
    let unwritable = |error| Error::Internal(format!("an item cannot be written as JSON: {error}"));
    let attributes: BTreeMap<String, AttributeValue> =
        item.into_iter().map(|(name, value)| (name, value.into())).collect();
    let mut value = serde_json::to_value(attributes).map_err(unwritable)?;
    value.sort_all_objects();
    serde_json::to_string(&value).map_err(unwritable)
}

/// Reads the items of a shop, page by page, in no order. Scans the whole table.
///
/// # Errors
/// [`Error::Unavailable`] if the store fails. [`Error::Internal`] for an item of an unknown kind, since it might be the
/// shop's.
pub fn read(store: &Store, shop: &ShopId) -> impl Stream<Item = Result<Vec<ShopItem>, Error>> {
    store.scan().map(move |page| {
        let items = page?.into_iter().filter_map(|item| match belongs(shop, &item) {
            Ok(Some((key, entry_point))) => {
                let ttl = ttl(&item);
                Some(line(item).map(|line| ShopItem { key, line, entry_point, ttl }))
            }
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        });
        items.collect()
    })
}

/// Returns true if the table holds any item of the shop. Scans until it finds one.
pub(crate) async fn any(store: &Store, shop: &ShopId) -> Result<bool, Error> {
    store.scan_finds(|item| matches!(belongs(shop, item), Ok(Some(_)))).await
}

/// Parses an item of the shop from its line.
///
/// # Errors
/// A message for the operator if the line is no item, or an item of another shop.
pub fn parse(shop: &ShopId, line: &str) -> Result<(ShopItem, Item), String> {
    let attributes: BTreeMap<String, AttributeValue> =
        serde_json::from_str(line).map_err(|error| format!("no item in DynamoDB JSON: {error}"))?;
    let item: Item = attributes.into_iter().map(|(name, value)| (name, value.into())).collect();
    let (key, entry_point) =
        belongs(shop, &item).map_err(|error| error.to_string())?.ok_or_else(|| format!("not an item of {shop}"))?;
    let ttl = ttl(&item);
    Ok((ShopItem { key, line: line.to_owned(), entry_point, ttl }, item))
}
