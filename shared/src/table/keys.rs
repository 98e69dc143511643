//! The keys of the single table. Architecture invariant: no other file formats or parses one.
//!
//! Everything of a shop starts with `SHOP#<shop>#`: a shop's name has no `#`, so no key of one shop is a prefix of
//! another's. Outside of that stand only the hashes of tokens, the registry of shops and the index of what is due,
//! which no request of a shop can name. Numbers in sort keys are padded to 16 digits, enough for 2^53-1, so that they
//! sort as numbers.

use crate::domain::{id::Id, shop::ShopId};

/// The attribute that holds the partition key.
pub const PK: &str = "PK";
/// The attribute that holds the sort key.
pub const SK: &str = "SK";
/// The attribute that names the kind of an item.
pub const TYPE: &str = "type";
/// The attribute by which DynamoDB removes what nothing counts, in epoch seconds (template.yaml, TimeToLive).
pub const TTL: &str = "ttl";

/// The primary key of one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

fn key(pk: String, sk: impl Into<String>) -> Key {
    Key { pk, sk: sk.into() }
}

fn number(value: u64) -> String {
    format!("{value:016}")
}

/// A row of a ranked list: the partition holds 2^k neighbours (see `pages`), sorted by position.
pub fn row(shop: &ShopId, list: &str, partition: u64, position: u64) -> Key {
    key(row_partition(shop, list, partition), number(position))
}

/// The partition of [`row`].
pub fn row_partition(shop: &ShopId, list: &str, partition: u64) -> String {
    format!("SHOP#{shop}#LIST#{list}#ROW#{partition}")
}

/// The sort key of a row at `position`, for ranges.
pub fn row_position(position: u64) -> String {
    number(position)
}

/// One shard of the tally of `bucket` at `level`; all tallies of one parent bucket share a partition.
pub fn tally(shop: &ShopId, list: &str, level: usize, parent: u64, bucket: u64, shard: u8) -> Key {
    key(tally_partition(shop, list, level, parent), format!("{}#{shard:02}", number(bucket)))
}

/// The partition of [`tally`].
pub fn tally_partition(shop: &ShopId, list: &str, level: usize, parent: u64) -> String {
    format!("SHOP#{shop}#LIST#{list}#TALLY#{level}#{parent}")
}

/// The sort keys, both inclusive, of all shards of the tallies of `first..=last`.
pub fn tally_range(first: u64, last: u64) -> (String, String) {
    (number(first), format!("{}#~", number(last)))
}

/// The bucket in the sort key of a tally.
pub fn tally_bucket(sk: &str) -> Option<u64> {
    sk.split_once('#')?.0.parse().ok()
}

/// The counter that ids of `resource` come from.
pub fn sequence(shop: &ShopId, resource: &str) -> Key {
    key(format!("SHOP#{shop}#SEQUENCE#{resource}"), "SEQUENCE")
}

/// A customer's account; its ledger stands in the same partition.
pub fn account(shop: &ShopId, customer: Id) -> Key {
    key(format!("SHOP#{shop}#ACCOUNT#{customer}"), "ACCOUNT")
}

/// The `index`-th entry, from 1, of a customer's ledger.
pub fn ledger(shop: &ShopId, customer: Id, index: u64) -> Key {
    key(account(shop, customer).pk, format!("ENTRY#{}", number(index)))
}

/// The customers that have a mobile number.
pub fn mobile(shop: &ShopId, mobile: &str, customer: Id) -> Key {
    key(mobile_partition(shop, mobile), number(customer))
}

/// The partition of [`mobile`].
pub fn mobile_partition(shop: &ShopId, mobile: &str) -> String {
    format!("SHOP#{shop}#MOBILE#{mobile}")
}

/// The id in the last part of a sort key, such as those of [`mobile`] and [`row`].
pub fn id_in(sk: &str) -> Option<Id> {
    sk.rsplit('#').next()?.parse().ok()
}

/// The price rules whose `field` has a value: a title, or an instant.
pub fn price_rules_by(shop: &ShopId, field: &str, value: &str, rule: Id) -> Key {
    key(price_rules_by_partition(shop, field, value), number(rule))
}

/// The partition of [`price_rules_by`].
pub fn price_rules_by_partition(shop: &ShopId, field: &str, value: &str) -> String {
    format!("SHOP#{shop}#PRICE_RULE_BY#{field}#{value}")
}

/// How many price rules a shop has, for their limit.
pub fn price_rule_quota(shop: &ShopId) -> Key {
    key(format!("SHOP#{shop}#PRICE_RULE_QUOTA"), "QUOTA")
}

/// A stored order.
pub fn order(shop: &ShopId, order: Id) -> Key {
    key(format!("SHOP#{shop}#ORDER#{order}"), "ORDER")
}

/// The record of an `Idempotency-Key`, by its hash.
pub fn idempotency(shop: &ShopId, hash: &str) -> Key {
    key(format!("SHOP#{shop}#IDEMPOTENCY#{hash}"), "RECORD")
}

/// A part of the reply of one attempt, where it is too large for its [`idempotency`] record.
pub fn idempotency_reply(shop: &ShopId, hash: &str, attempt: &str, part: usize) -> Key {
    key(idempotency(shop, hash).pk, format!("REPLY#{attempt}#{part:04}"))
}

/// A batch: work that needs several transactions.
pub fn batch(shop: &ShopId, batch: &str) -> Key {
    key(format!("SHOP#{shop}#BATCH#{batch}"), "BATCH")
}

/// A part of what a batch is to write.
pub fn batch_part(shop: &ShopId, id: &str, part: usize) -> Key {
    key(batch(shop, id).pk, format!("PART#{part:04}"))
}

/// How many partitions the index of due work has, so that no one of them is hot.
pub const DUE_SHARDS: u8 = 4;

/// A batch in the index of what is due, which only jobs read.
pub fn due_batch(shard: u8, shop: &ShopId, batch: &str) -> Key {
    key(due_batches(shard), format!("{shop}#{batch}"))
}

/// The partition of [`due_batch`].
pub fn due_batches(shard: u8) -> String {
    format!("DUE#BATCH#{}", shard % DUE_SHARDS)
}

/// A token, by the first half of its hash.
pub fn token(hash: &str) -> Key {
    key(format!("TOKEN#{hash}"), "TOKEN")
}

/// A token in the list of its shop, by its public id.
pub fn shop_token(shop: &ShopId, id: &str) -> Key {
    key(shop_tokens(shop), id)
}

/// The partition of [`shop_token`].
pub fn shop_tokens(shop: &ShopId) -> String {
    format!("SHOP#{shop}#TOKENS")
}

/// A shop in the registry.
pub fn shop(shop: &ShopId) -> Key {
    key(shops(), shop.as_str())
}

/// The partition of [`shop`].
pub fn shops() -> String {
    "SHOPS".to_owned()
}
