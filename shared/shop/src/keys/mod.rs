//! The keys of the single table. Architecture invariant: no file but this and its [`discounts`] formats or parses one.
//!
//! Everything of a shop starts with `SHOP#<shop>#`: a shop's name has no `#`, so no key of one shop is a prefix of
//! another's. Outside of that stand only the hashes of tokens, the registry of shops, the index of what is due and the
//! imports that are under way, which no request of a shop can name; [`owner`] tells whose they are. Numbers in sort keys
//! are padded to 16 digits, enough for 2^53-1, so that they sort as numbers.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::{id::Id, shop::ShopId};

mod discounts;

pub use discounts::*;

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

/// Positions of rows are below two to this power.
pub const POSITION_BITS: u32 = 53;

fn key(pk: String, sk: impl Into<String>) -> Key {
    Key { pk, sk: sk.into() }
}

/// The item that init asks for; there is none.
pub fn warm_up() -> Key {
    key("WARM".to_owned(), "WARM")
}

fn number(value: u64) -> String {
    format!("{value:016}")
}

/// The name of a ranked list: one of the shop, or one of many by what it belongs to, such as the codes of a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListName {
    /// What its rows are.
    pub name: &'static str,
    /// What it belongs to.
    pub of: Option<Id>,
    /// The class of its rows, where copies of them stand by class.
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

/// A row of a ranked list: the partition holds 2^k neighbours (see `pages`), sorted by position.
pub fn row(shop: &ShopId, list: impl fmt::Display, partition: u64, position: u64) -> Key {
    key(row_partition(shop, list, partition), number(position))
}

/// The partition of [`row`].
pub fn row_partition(shop: &ShopId, list: impl fmt::Display, partition: u64) -> String {
    format!("SHOP#{shop}#LIST#{list}#ROW#{partition}")
}

/// The sort key of a row at `position`, for ranges.
pub fn row_position(position: u64) -> String {
    number(position)
}

/// One shard of the tally of `bucket` at `level`; all tallies of one parent bucket share a partition.
pub fn tally(shop: &ShopId, list: impl fmt::Display, level: usize, parent: u64, bucket: u64, shard: u8) -> Key {
    key(tally_partition(shop, list, level, parent), format!("{}#{shard:02}", number(bucket)))
}

/// The partition of [`tally`].
pub fn tally_partition(shop: &ShopId, list: impl fmt::Display, level: usize, parent: u64) -> String {
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

/// That a redemption of a customer was given back.
pub fn refund(shop: &ShopId, customer: Id, redemption: Id) -> Key {
    key(account(shop, customer).pk, format!("REFUND#{}", number(redemption)))
}

/// One shard of what the entries of a day sum to.
pub fn point_day(shop: &ShopId, day: NaiveDate, shard: u8) -> Key {
    key(point_days(shop), format!("{day}#{shard:02}"))
}

/// The partition of [`point_day`].
pub fn point_days(shop: &ShopId) -> String {
    format!("SHOP#{shop}#POINT_DAYS")
}

/// The sort keys of all days until `last`, that included.
pub fn point_days_until(last: NaiveDate) -> (String, String) {
    ("0".to_owned(), format!("{last}#~"))
}

/// The day in the sort key of [`point_day`].
pub fn point_day_in(sk: &str) -> Option<NaiveDate> {
    sk.split_once('#')?.0.parse().ok()
}

/// How far points of a shop have been let expire.
pub fn point_expiry(shop: &ShopId) -> Key {
    key(format!("SHOP#{shop}#POINT_EXPIRY"), "PROGRESS")
}

/// A level among all of its shop.
pub fn level(shop: &ShopId, level: Id) -> Key {
    key(levels(shop), number(level))
}

/// The partition of [`level`].
pub fn levels(shop: &ShopId) -> String {
    format!("SHOP#{shop}#LEVELS")
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

/// An instant that sorts as one: microseconds since the year 1.
fn instant(at: DateTime<Utc>) -> String {
    const YEAR_1: i64 = 62_135_596_800_000_000;
    format!("{:018}", at.timestamp_micros().saturating_add(YEAR_1).max(0))
}

/// A stored order.
pub fn order(shop: &ShopId, order: Id) -> Key {
    key(format!("SHOP#{shop}#ORDER#{order}"), "ORDER")
}

/// What an order has done, and how it stands.
pub fn order_effects(shop: &ShopId, order_id: Id) -> Key {
    key(order(shop, order_id).pk, "EFFECTS")
}

/// The record of an `Idempotency-Key`, by its hash.
pub fn idempotency(shop: &ShopId, hash: &str) -> Key {
    key(format!("SHOP#{shop}#IDEMPOTENCY#{hash}"), "RECORD")
}

/// A file that an operator moves into a shop; `of` is what it is moved in as.
pub fn transfer(shop: &ShopId, of: &str, sha256: &str) -> Key {
    key(format!("SHOP#{shop}#TRANSFERS"), format!("{of}#{sha256}"))
}

/// What a group of rows of a transfer goes without; `first` is its first row.
pub fn transfer_group(shop: &ShopId, transfer: &str, first: u64) -> Key {
    key(format!("SHOP#{shop}#TRANSFERS"), format!("{transfer}#{}", number(first)))
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

/// A price rule in the index of what is due: from `at` on, its codes are to be stored otherwise than they are.
pub fn due_rule(shop: &ShopId, at: DateTime<Utc>, rule: Id) -> Key {
    let shard = u8::try_from(rule % u64::from(DUE_SHARDS)).unwrap_or(0);
    key(due_rules(shard), format!("{}#{shop}#{rule}", instant(at)))
}

/// The partition of [`due_rule`].
pub fn due_rules(shard: u8) -> String {
    format!("DUE#RULE#{}", shard % DUE_SHARDS)
}

/// The sort keys of the rules that are due by now.
pub fn due_until(now: DateTime<Utc>) -> (String, String) {
    ("0".to_owned(), format!("{}#~", instant(now)))
}

/// An order in the index of what is due: from `at` on, something of its uses is to be stored or decided.
pub fn due_order(shop: &ShopId, at: DateTime<Utc>, order: Id) -> Key {
    let shard = u8::try_from(order % u64::from(DUE_SHARDS)).unwrap_or(0);
    key(due_orders(shard), format!("{}#{shop}#{order}", instant(at)))
}

/// The partition of [`due_order`].
pub fn due_orders(shard: u8) -> String {
    format!("DUE#ORDER#{}", shard % DUE_SHARDS)
}

/// A deleted coupon in the index of what is due: its codes are to be removed.
pub fn due_coupon(shop: &ShopId, coupon: Id) -> Key {
    let shard = u8::try_from(coupon % u64::from(DUE_SHARDS)).unwrap_or(0);
    key(due_coupons(shard), format!("{shop}#{coupon}"))
}

/// The partition of [`due_coupon`].
pub fn due_coupons(shard: u8) -> String {
    format!("DUE#COUPON#{}", shard % DUE_SHARDS)
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

/// How far the import of a shop has come.
pub fn import(shop: &ShopId) -> Key {
    key("IMPORTS".to_owned(), shop.as_str())
}

/// Whose an item is, and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner<'a> {
    /// Data of this shop, under its own prefix.
    Data(&'a str),
    /// What leads jobs to this shop, or requests: the index of what is due, and the registry.
    Door(&'a str),
    /// A door as well: a token, whose record says which shop it opens.
    Token,
    /// No shop's: how far an import has come.
    Import,
}

/// Whose the item under a key is; `None` for a key of a shape that is not of this file.
pub fn owner(key: &Key) -> Option<Owner<'_>> {
    let (group, rest) = key.pk.split_once('#').unwrap_or((&key.pk, ""));
    match group {
        "SHOP" => Some(Owner::Data(rest.split_once('#')?.0)),
        "SHOPS" => Some(Owner::Door(&key.sk)),
        "TOKEN" => Some(Owner::Token),
        "IMPORTS" => Some(Owner::Import),
        // The shop and what is due of it, after the instant where there is one.
        "DUE" => Some(Owner::Door(key.sk.rsplit('#').nth(1)?)),
        _ => None,
    }
}
