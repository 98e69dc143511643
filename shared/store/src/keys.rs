//! The keys of the engine: ranked lists, tallies, sequences, idempotency records, batches and the index of due batches.
//! Architecture invariant: keys are formatted and parsed here and in the key files of the crate above, and nowhere
//! else.
//!
//! Every key of a shop starts with `SHOP#<shop>#`. A shop's name contains no `#`, so no key of one shop is a prefix of
//! another shop's key. Numbers in sort keys are padded to 16 digits, which holds 2^53-1, so that they sort in numeric
//! order.

use std::{fmt, sync::Arc};

use chrono::{DateTime, Utc};
use domain::{id::Id, shop::ShopId};

/// Name of the attribute that holds the partition key.
pub const PK: &str = "PK";
/// Name of the attribute that holds the sort key.
pub const SK: &str = "SK";
/// Name of the attribute that holds the kind of an item.
pub const TYPE: &str = "type";
/// Name of the attribute after which DynamoDB removes an item, in epoch seconds (template.yaml, TimeToLive). Only items
/// that nothing counts have it.
pub const TTL: &str = "ttl";

/// The primary key of one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Value of the partition key.
    pub pk: String,
    /// Value of the sort key.
    pub sk: String,
}

/// The key of an item that is stored on several shards. Readers sum the integer attributes of all shards; a writer adds
/// to any one of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShardedKey(Arc<Key>);

impl ShardedKey {
    /// Builds a sharded key from the partition key and the sort key without the shard.
    pub fn new(pk: String, sk: impl Into<String>) -> Self {
        Self(Arc::new(key(pk, sk)))
    }

    /// Returns the key of one shard, from 0.
    pub fn shard(&self, shard: u8) -> Key {
        key(self.0.pk.clone(), format!("{}#{shard:02}", self.0.sk))
    }
}

/// Number of bits of a row position: every position is below 2^53.
pub(crate) const POSITION_BITS: u32 = 53;

/// Builds a key. Only key files call it.
pub fn key(pk: String, sk: impl Into<String>) -> Key {
    Key { pk, sk: sk.into() }
}

/// Returns the key that a process reads while it starts, to open its connection. No such item exists.
pub fn warm_up() -> Key {
    key("WARM".to_owned(), "WARM")
}

/// Formats a number with 16 digits, so that numbers sort in numeric order.
pub fn number(value: u64) -> String {
    format!("{value:016}")
}

/// Name of a ranked list: a list of the whole shop, or one of many lists of the same kind, each with its own owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListName {
    /// Kind of the rows in the list.
    pub name: &'static str,
    /// Id of the owner; `None` for a list of the whole shop.
    pub of: Option<Id>,
    /// Class of the rows, for the copies that are kept in a partition of one class.
    pub class: Option<u8>,
}

impl fmt::Display for ListName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if let Some(id) = self.of {
            write!(f, "@{id}")?;
        }
        self.class.map_or(Ok(()), |class| write!(f, "~{class}"))
    }
}

/// Returns the key of a row of a ranked list. A partition holds 2^k neighbours (see `pages`), sorted by position.
pub fn row(shop: &ShopId, list: impl fmt::Display, partition: u64, position: u64) -> Key {
    key(row_partition(shop, list, partition), number(position))
}

/// Returns the partition of [`row`].
pub fn row_partition(shop: &ShopId, list: impl fmt::Display, partition: u64) -> String {
    format!("SHOP#{shop}#LIST#{list}#ROW#{partition}")
}

/// Returns the sort key of the row at `position`, for range queries.
pub fn row_position(position: u64) -> String {
    number(position)
}

/// Returns the key of the tally of `bucket` at `level`. All tallies below one parent bucket share a partition.
pub fn tally(shop: &ShopId, list: impl fmt::Display, level: usize, parent: u64, bucket: u64) -> ShardedKey {
    ShardedKey::new(tally_partition(shop, list, level, parent), number(bucket))
}

/// Returns the partition of [`tally`].
pub(crate) fn tally_partition(shop: &ShopId, list: impl fmt::Display, level: usize, parent: u64) -> String {
    format!("SHOP#{shop}#LIST#{list}#TALLY#{level}#{parent}")
}

/// Returns the range of sort keys, both ends inclusive, of all shards of the tallies of buckets `first..=last`.
pub fn tally_range(first: u64, last: u64) -> (String, String) {
    (number(first), format!("{}#~", number(last)))
}

/// Returns the bucket in the sort key of a tally.
pub(crate) fn tally_bucket(sk: &str) -> Option<u64> {
    sk.split_once('#')?.0.parse().ok()
}

/// Returns the key of the sequence that assigns the ids of `resource`.
pub fn sequence(shop: &ShopId, resource: &str) -> Key {
    key(format!("SHOP#{shop}#SEQUENCE#{resource}"), "SEQUENCE")
}

/// Returns the id in the last part of a sort key, such as that of [`row`].
pub fn id_in(sk: &str) -> Option<Id> {
    sk.rsplit('#').next()?.parse().ok()
}

/// Formats an instant as text that sorts in time order: microseconds since the year 1, padded to 18 digits.
pub fn instant(at: DateTime<Utc>) -> String {
    const YEAR_1: i64 = 62_135_596_800_000_000;
    format!("{:018}", at.timestamp_micros().saturating_add(YEAR_1).max(0))
}

/// Returns the key of the record of an `Idempotency-Key`, by the hash of the key.
pub fn idempotency(shop: &ShopId, hash: &str) -> Key {
    key(format!("SHOP#{shop}#IDEMPOTENCY#{hash}"), "RECORD")
}

/// Returns the key of one part of a stored reply, for a reply that is too large for its [`idempotency`] record. Each
/// attempt writes parts of its own.
pub fn idempotency_reply(shop: &ShopId, hash: &str, attempt: &str, part: usize) -> Key {
    key(idempotency(shop, hash).pk, format!("REPLY#{attempt}#{part:04}"))
}

/// Returns the key of a batch: work that needs several transactions.
pub fn batch(shop: &ShopId, batch: &str) -> Key {
    key(format!("SHOP#{shop}#BATCH#{batch}"), "BATCH")
}

/// Returns the key of one part of the data that a batch is to write.
pub fn batch_part(shop: &ShopId, id: &str, part: usize) -> Key {
    key(batch(shop, id).pk, format!("PART#{part:04}"))
}

/// Number of partitions of the index of due work. Several partitions keep any one of them from becoming hot.
pub const DUE_SHARDS: u8 = 4;

/// Returns the key of a batch in the index of due work, which only jobs read.
pub fn due_batch(shard: u8, shop: &ShopId, batch: &str) -> Key {
    key(due_batches(shard), format!("{shop}#{batch}"))
}

/// Returns the partition of [`due_batch`].
pub(crate) fn due_batches(shard: u8) -> String {
    format!("DUE#BATCH#{}", shard % DUE_SHARDS)
}

/// Returns the range of sort keys of the entries that are due at `now`.
pub fn due_until(now: DateTime<Utc>) -> (String, String) {
    ("0".to_owned(), format!("{}#~", instant(now)))
}
