//! The keys of the one table. Architecture invariant: outside the engine's own key file, only this file and its
//! [`discounts`] module format or parse a key.
//!
//! Every item of a shop has a key that starts with `SHOP#<shop>#`. A shop's name contains no `#`, so no key of one shop
//! is a prefix of another shop's key. Four kinds of items stand outside this prefix: token hashes, the registry of
//! shops, the index of due work, and the markers of running imports. No request of a shop can name one of them;
//! [`owner`] tells which shop they belong to. Numbers in sort keys are padded to 16 digits, which holds 2^53-1, so that
//! they sort in numeric order.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{id::Id, shop::ShopId};
pub use store::keys::{DUE_SHARDS, Key, PK, SK, TTL, TYPE, due_until, id_in, row_partition, row_position};
use store::keys::{ShardedKey, instant, key, number};

mod discounts;

pub use discounts::*;

/// Returns the key of a customer's account. The customer's ledger is in the same partition.
pub fn account(shop: &ShopId, customer: Id) -> Key {
    key(format!("SHOP#{shop}#ACCOUNT#{customer}"), "ACCOUNT")
}

/// Returns the key of the ledger entry number `index` of a customer. Numbers start at 1.
pub fn ledger(shop: &ShopId, customer: Id, index: u64) -> Key {
    key(account(shop, customer).pk, format!("ENTRY#{}", number(index)))
}

/// Returns the key of the marker which says that a redemption of a customer was given back.
pub fn refund(shop: &ShopId, customer: Id, redemption: Id) -> Key {
    key(account(shop, customer).pk, format!("REFUND#{}", number(redemption)))
}

/// Returns the key of the sums of the ledger entries of one day.
pub fn point_day(shop: &ShopId, day: NaiveDate) -> ShardedKey {
    ShardedKey::new(point_days(shop), day.to_string())
}

/// Returns the partition of [`point_day`].
pub fn point_days(shop: &ShopId) -> String {
    format!("SHOP#{shop}#POINT_DAYS")
}

/// Returns the range of sort keys of all days up to and including `last`.
pub fn point_days_until(last: NaiveDate) -> (String, String) {
    ("0".to_owned(), format!("{last}#~"))
}

/// Returns the day in the sort key of [`point_day`].
pub fn point_day_in(sk: &str) -> Option<NaiveDate> {
    sk.split_once('#')?.0.parse().ok()
}

/// Returns the key of the progress record of a shop's points expiry job.
pub fn point_expiry(shop: &ShopId) -> Key {
    key(format!("SHOP#{shop}#POINT_EXPIRY"), "PROGRESS")
}

/// Returns the key of a level's copy in the partition of all levels of the shop.
pub fn level(shop: &ShopId, level: Id) -> Key {
    key(levels(shop), number(level))
}

/// Returns the partition of [`level`].
pub fn levels(shop: &ShopId) -> String {
    format!("SHOP#{shop}#LEVELS")
}

/// Returns the key of a customer in the partition of the customers with this mobile number.
pub fn mobile(shop: &ShopId, mobile: &str, customer: Id) -> Key {
    key(mobile_partition(shop, mobile), number(customer))
}

/// Returns the partition of [`mobile`].
pub fn mobile_partition(shop: &ShopId, mobile: &str) -> String {
    format!("SHOP#{shop}#MOBILE#{mobile}")
}

/// Returns the key of an order as the shop sent it.
pub fn order(shop: &ShopId, order: Id) -> Key {
    key(format!("SHOP#{shop}#ORDER#{order}"), "ORDER")
}

/// Returns the key of an order's effects: its state, and what that state has done so far.
pub fn order_effects(shop: &ShopId, order_id: Id) -> Key {
    key(order(shop, order_id).pk, "EFFECTS")
}

/// Returns the key of the transfer of a file that an operator moves into a shop. `of` is the kind of rows in the file.
pub fn transfer(shop: &ShopId, of: &str, sha256: &str) -> Key {
    key(format!("SHOP#{shop}#TRANSFERS"), format!("{of}#{sha256}"))
}

/// Returns the key of the rows that a group of a transfer leaves out. `first` is the first row of the group.
pub fn transfer_group(shop: &ShopId, transfer: &str, first: u64) -> Key {
    key(format!("SHOP#{shop}#TRANSFERS"), format!("{transfer}#{}", number(first)))
}

/// Returns the key of a price rule in the index of due work. From `at` on, the stored class of its unused codes is
/// wrong and the job has to rewrite it.
pub fn due_rule(shop: &ShopId, at: DateTime<Utc>, rule: Id) -> Key {
    let shard = u8::try_from(rule % u64::from(DUE_SHARDS)).unwrap_or(0);
    key(due_rules(shard), format!("{}#{shop}#{rule}", instant(at)))
}

/// Returns the partition of [`due_rule`].
pub fn due_rules(shard: u8) -> String {
    format!("DUE#RULE#{}", shard % DUE_SHARDS)
}

/// Returns the key of an order in the index of due work. From `at` on, the job has to decide a hold of the order or to
/// store one of its uses.
pub fn due_order(shop: &ShopId, at: DateTime<Utc>, order: Id) -> Key {
    let shard = u8::try_from(order % u64::from(DUE_SHARDS)).unwrap_or(0);
    key(due_orders(shard), format!("{}#{shop}#{order}", instant(at)))
}

/// Returns the partition of [`due_order`].
pub fn due_orders(shard: u8) -> String {
    format!("DUE#ORDER#{}", shard % DUE_SHARDS)
}

/// Returns the key of a deleted coupon in the index of due work. The job has to remove its codes.
pub fn due_coupon(shop: &ShopId, coupon: Id) -> Key {
    let shard = u8::try_from(coupon % u64::from(DUE_SHARDS)).unwrap_or(0);
    key(due_coupons(shard), format!("{shop}#{coupon}"))
}

/// Returns the partition of [`due_coupon`].
pub fn due_coupons(shard: u8) -> String {
    format!("DUE#COUPON#{}", shard % DUE_SHARDS)
}

/// Returns the key of a token, by the first half of its hash.
pub fn token(hash: &str) -> Key {
    key(format!("TOKEN#{hash}"), "TOKEN")
}

/// Returns the key of a token in the list of its shop, by its public id.
pub fn shop_token(shop: &ShopId, id: &str) -> Key {
    key(shop_tokens(shop), id)
}

/// Returns the partition of [`shop_token`].
pub fn shop_tokens(shop: &ShopId) -> String {
    format!("SHOP#{shop}#TOKENS")
}

/// Returns the key of a shop in the registry.
pub fn shop(shop: &ShopId) -> Key {
    key(shops(), shop.as_str())
}

/// Returns the partition of [`shop`].
pub fn shops() -> String {
    "SHOPS".to_owned()
}

/// Returns the key of the marker of a running import of a shop.
pub fn import(shop: &ShopId) -> Key {
    key("IMPORTS".to_owned(), shop.as_str())
}

/// Owner of an item, and the purpose of the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner<'a> {
    /// Data of this shop, under the shop's own prefix.
    Data(&'a str),
    /// An entry point of this shop: an entry of the shop in the registry, or in the index of due work. It leads
    /// requests or jobs to the shop.
    EntryPoint(&'a str),
    /// A token, which is an entry point too. Its record names the shop.
    Token,
    /// The marker of a running import, which belongs to no shop.
    Import,
}

/// Returns the owner of the item under `key`; `None` if this file formats no key of that shape.
pub fn owner(key: &Key) -> Option<Owner<'_>> {
    let (group, rest) = key.pk.split_once('#').unwrap_or((&key.pk, ""));
    match group {
        "SHOP" => Some(Owner::Data(rest.split_once('#')?.0)),
        "SHOPS" => Some(Owner::EntryPoint(&key.sk)),
        "TOKEN" => Some(Owner::Token),
        "IMPORTS" => Some(Owner::Import),
        // The sort key ends with the shop and the due batch, rule, order or coupon; an instant may come first.
        "DUE" => Some(Owner::EntryPoint(key.sk.rsplit('#').nth(1)?)),
        _ => None,
    }
}
