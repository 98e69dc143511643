//! The keys of discounts: price rules, coupons, coupon codes, their counters, and the status overlay (see
//! [`overlay`]).

use chrono::{DateTime, Utc};

use domain::{id::Id, shop::ShopId};
use store::keys::{Key, instant, key, number};

/// Returns the key of a price rule in the partition of the rules with this `value` of `field`: a title, a kind or an
/// instant.
pub fn price_rules_by(shop: &ShopId, field: &str, value: &str, rule: Id) -> Key {
    key(price_rules_by_partition(shop, field, value), number(rule))
}

/// Returns the partition of [`price_rules_by`].
pub fn price_rules_by_partition(shop: &ShopId, field: &str, value: &str) -> String {
    format!("SHOP#{shop}#PRICE_RULE_BY#{field}#{value}")
}

/// Returns the key of one version of a price rule. A version never changes after it is written.
pub fn price_rule_version(shop: &ShopId, rule: Id, version: u64) -> Key {
    key(format!("SHOP#{shop}#PRICE_RULE_VERSIONS#{rule}"), number(version))
}

/// Returns the key of the count of a shop's price rules, which enforces their limit.
pub fn price_rule_quota(shop: &ShopId) -> Key {
    key(format!("SHOP#{shop}#PRICE_RULE_QUOTA"), "QUOTA")
}

/// Returns the key of the copy of an automatic price rule in the partition of all automatic rules of the shop.
pub fn automatic_rule(shop: &ShopId, rule: Id) -> Key {
    key(automatic_rules(shop), number(rule))
}

/// Returns the partition of [`automatic_rule`].
pub fn automatic_rules(shop: &ShopId) -> String {
    format!("SHOP#{shop}#AUTOMATIC_RULES")
}

/// Returns the key of the fingerprint of a shop's automatic rules, which changes with every change of one of them.
pub fn automatic_rules_version(shop: &ShopId) -> Key {
    key(format!("SHOP#{shop}#AUTOMATIC_RULES_VERSION"), "VERSION")
}

/// Returns the key of a coupon in the partition of the coupons of its rule.
pub fn coupon_of_rule(shop: &ShopId, rule: Id, coupon: Id) -> Key {
    key(coupons_of_rule(shop, rule), number(coupon))
}

/// Returns the partition of [`coupon_of_rule`].
pub fn coupons_of_rule(shop: &ShopId, rule: Id) -> String {
    format!("SHOP#{shop}#COUPONS_OF_RULE#{rule}")
}

/// Returns the key of the pointer from a prefix to its coupon.
pub fn coupon_prefix(shop: &ShopId, prefix: &str) -> Key {
    key(format!("SHOP#{shop}#COUPON_PREFIX#{prefix}"), "COUPON")
}

/// Returns the key of the count of a shop's coupons, which enforces their limit.
pub fn coupon_quota(shop: &ShopId) -> Key {
    key(format!("SHOP#{shop}#COUPON_QUOTA"), "QUOTA")
}

/// Returns the key of a customer's claim of a coupon.
pub fn claim(shop: &ShopId, coupon: Id, customer: Id) -> Key {
    key(format!("SHOP#{shop}#CLAIMS#{coupon}"), number(customer))
}

/// Returns the key of the count of wrong passphrases of a customer in one window. `window` is the epoch second at which
/// the window starts.
pub fn guesses_of_customer(shop: &ShopId, customer: Id, window: i64) -> Key {
    key(format!("SHOP#{shop}#GUESSES#CUSTOMER#{customer}"), window.to_string())
}

/// Returns the key of one shard of the count of wrong passphrases of all customers in one window. `window` is the epoch
/// second at which the window starts.
pub fn guesses_of_shop(shop: &ShopId, window: i64, shard: u8) -> Key {
    key(guesses_of_shop_partition(shop, window), format!("{shard:02}"))
}

/// Returns the partition of [`guesses_of_shop`].
pub fn guesses_of_shop_partition(shop: &ShopId, window: i64) -> String {
    format!("SHOP#{shop}#GUESSES#SHOP#{window}")
}

/// Returns the key of the pointer from a text to the code that has, or once had, this text.
pub fn code_text(shop: &ShopId, text: &str) -> Key {
    key(format!("SHOP#{shop}#CODE#{text}"), "CODE")
}

/// Returns the key of one quota shard of a counter, such as the `uses` of a price rule.
pub fn counter_shard(shop: &ShopId, counter: &str, of: Id, shard: usize) -> Key {
    key(counter_partition(shop, counter, of), format!("{shard:02}"))
}

/// Returns the partition of [`counter_shard`].
pub fn counter_partition(shop: &ShopId, counter: &str, of: Id) -> String {
    format!("SHOP#{shop}#COUNTER#{counter}#{of}")
}

/// Returns the key of an item that counts a customer's live uses of 2^8 rules. [`use_attribute`] names the attribute of
/// one rule.
pub fn customer_uses(shop: &ShopId, customer: Id, rule: Id) -> Key {
    key(format!("SHOP#{shop}#CUSTOMER_USES#{customer}"), number(rule >> 8))
}

/// Returns the name of a rule's attribute in [`customer_uses`].
pub fn use_attribute(rule: Id) -> String {
    format!("r{rule}")
}

/// Returns the key of the record of an order's live uses. The record is never deleted, so that its version only grows.
pub fn order_uses(shop: &ShopId, order: Id) -> Key {
    key(format!("SHOP#{shop}#ORDER_USES#{order}"), "USES")
}

/// Returns the key of an order in the shop's index of unsettled orders. From `at` on, a hold of the order is to be
/// decided or one of its uses is to be stored. Every reader of codes queries this index.
pub fn unsettled_order(shop: &ShopId, at: DateTime<Utc>, order: Id) -> Key {
    key(unsettled_orders(shop), format!("{}#{}", instant(at), number(order)))
}

/// Returns the partition of [`unsettled_order`]. [`due_until`](super::due_until) is its range.
pub fn unsettled_orders(shop: &ShopId) -> String {
    format!("SHOP#{shop}#UNSETTLED_ORDERS")
}

/// Returns the key of a redemption of a code, by the instant of the use.
pub fn code_redemption(shop: &ShopId, code: Id, at: DateTime<Utc>) -> Key {
    key(format!("SHOP#{shop}#REDEMPTIONS#CODE#{code}"), instant(at))
}

/// Returns the partition of the status overlay of a shop: the rules and coupons whose codes have another effective
/// status than the stored one. Every list of codes reads a range of it. Entries that matter for every status sort
/// first, and then rules by the instant of their end.
pub fn overlay(shop: &ShopId) -> String {
    format!("SHOP#{shop}#STANDINGS")
}

/// Returns the overlay entry of a rule of whose codes some are stored as expired and some are not.
pub fn overlay_mixed(shop: &ShopId, rule: Id) -> Key {
    key(overlay(shop), format!("CHANGED#{}", number(rule)))
}

/// Returns the overlay entry of a deleted coupon whose codes still exist.
pub fn overlay_deleted(shop: &ShopId, coupon: Id) -> Key {
    key(overlay(shop), format!("DELETED#{}", number(coupon)))
}

/// Returns the overlay entry of a rule that ends at `at` while its codes are stored as unused.
pub fn overlay_ends(shop: &ShopId, at: DateTime<Utc>, rule: Id) -> Key {
    key(overlay(shop), format!("ENDS#{}#{}", instant(at), number(rule)))
}

/// Returns the overlay entry of a rule that is not enabled.
pub fn overlay_off(shop: &ShopId, rule: Id) -> Key {
    key(overlay(shop), format!("OFF#{}", number(rule)))
}

/// Returns the overlay entry of a rule that starts at `at`.
pub fn overlay_starts(shop: &ShopId, at: DateTime<Utc>, rule: Id) -> Key {
    key(overlay(shop), format!("STARTS#{}#{}", instant(at), number(rule)))
}

/// Returns the range of [`overlay`] that matters for every status at `now`.
pub fn overlay_at(now: DateTime<Utc>) -> (String, String) {
    ("CHANGED#".to_owned(), format!("ENDS#{}#~", instant(now)))
}

/// Returns the two further ranges of [`overlay`] that matter for the status `available`: rules that are not enabled,
/// and rules that start after `now`.
pub fn overlay_barred(now: DateTime<Utc>) -> [(String, String); 2] {
    let later = (format!("STARTS#{}#~", instant(now)), "STARTS#~".to_owned());
    [("OFF#".to_owned(), "OFF#~".to_owned()), later]
}
