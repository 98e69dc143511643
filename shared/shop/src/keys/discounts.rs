//! The keys of the discounts: price rules, coupons, codes, their counters, and what is seen of them otherwise than it is
//! stored.

use chrono::{DateTime, Utc};

use super::{Key, instant, key, number};
use crate::domain::{id::Id, shop::ShopId};

/// The price rules whose `field` has a value: a title, or an instant.
pub fn price_rules_by(shop: &ShopId, field: &str, value: &str, rule: Id) -> Key {
    key(price_rules_by_partition(shop, field, value), number(rule))
}

/// The partition of [`price_rules_by`].
pub fn price_rules_by_partition(shop: &ShopId, field: &str, value: &str) -> String {
    format!("SHOP#{shop}#PRICE_RULE_BY#{field}#{value}")
}

/// What a price rule was when it had been changed so often. Never written again.
pub fn price_rule_version(shop: &ShopId, rule: Id, version: u64) -> Key {
    key(format!("SHOP#{shop}#PRICE_RULE_VERSIONS#{rule}"), number(version))
}

/// How many price rules a shop has, for their limit.
pub fn price_rule_quota(shop: &ShopId) -> Key {
    key(format!("SHOP#{shop}#PRICE_RULE_QUOTA"), "QUOTA")
}

/// An automatic price rule of a shop, among all of them.
pub fn automatic_rule(shop: &ShopId, rule: Id) -> Key {
    key(automatic_rules(shop), number(rule))
}

/// The partition of [`automatic_rule`].
pub fn automatic_rules(shop: &ShopId) -> String {
    format!("SHOP#{shop}#AUTOMATIC_RULES")
}

/// What tells whether the automatic rules of a shop have changed.
pub fn automatic_rules_version(shop: &ShopId) -> Key {
    key(format!("SHOP#{shop}#AUTOMATIC_RULES_VERSION"), "VERSION")
}

/// A coupon among those of its rule.
pub fn coupon_of_rule(shop: &ShopId, rule: Id, coupon: Id) -> Key {
    key(coupons_of_rule(shop, rule), number(coupon))
}

/// The partition of [`coupon_of_rule`].
pub fn coupons_of_rule(shop: &ShopId, rule: Id) -> String {
    format!("SHOP#{shop}#COUPONS_OF_RULE#{rule}")
}

/// The coupon that has a prefix.
pub fn coupon_prefix(shop: &ShopId, prefix: &str) -> Key {
    key(format!("SHOP#{shop}#COUPON_PREFIX#{prefix}"), "COUPON")
}

/// How many coupons a shop has, for their limit.
pub fn coupon_quota(shop: &ShopId) -> Key {
    key(format!("SHOP#{shop}#COUPON_QUOTA"), "QUOTA")
}

/// What a customer has claimed of a coupon.
pub fn claim(shop: &ShopId, coupon: Id, customer: Id) -> Key {
    key(format!("SHOP#{shop}#CLAIMS#{coupon}"), number(customer))
}

/// How often a customer tried passphrases in the window that began at an epoch second.
pub fn guesses_of_customer(shop: &ShopId, customer: Id, window: i64) -> Key {
    key(format!("SHOP#{shop}#GUESSES#CUSTOMER#{customer}"), window.to_string())
}

/// One shard of how many passphrases were wrong, of all customers, in the window that began at an epoch second.
pub fn guesses_of_shop(shop: &ShopId, window: i64, shard: u8) -> Key {
    key(guesses_of_shop_partition(shop, window), format!("{shard:02}"))
}

/// The partition of [`guesses_of_shop`].
pub fn guesses_of_shop_partition(shop: &ShopId, window: i64) -> String {
    format!("SHOP#{shop}#GUESSES#SHOP#{window}")
}

/// The code that has, or once had, a text.
pub fn code_text(shop: &ShopId, text: &str) -> Key {
    key(format!("SHOP#{shop}#CODE#{text}"), "CODE")
}

/// One shard of a counter, such as the `uses` of a price rule.
pub fn counter_shard(shop: &ShopId, counter: &str, of: Id, shard: usize) -> Key {
    key(counter_partition(shop, counter, of), format!("{shard:02}"))
}

/// The partition of [`counter_shard`].
pub fn counter_partition(shop: &ShopId, counter: &str, of: Id) -> String {
    format!("SHOP#{shop}#COUNTER#{counter}#{of}")
}

/// How often a customer uses rules at present: 2^8 rules an item, [`use_attribute`] says where in it.
pub fn customer_uses(shop: &ShopId, customer: Id, rule: Id) -> Key {
    key(format!("SHOP#{shop}#CUSTOMER_USES#{customer}"), number(rule >> 8))
}

/// The attribute of a rule in [`customer_uses`].
pub fn use_attribute(rule: Id) -> String {
    format!("r{rule}")
}

/// What an order uses at present. It stays once it is there, so that its version only grows.
pub fn order_uses(shop: &ShopId, order: Id) -> Key {
    key(format!("SHOP#{shop}#ORDER_USES#{order}"), "USES")
}

/// An order of whose uses something is to be stored or decided from `at` on, among those of its shop, which every reader
/// of codes looks at.
pub fn unsettled_order(shop: &ShopId, at: DateTime<Utc>, order: Id) -> Key {
    key(unsettled_orders(shop), format!("{}#{}", instant(at), number(order)))
}

/// The partition of [`unsettled_order`]; [`due_until`] is its range.
pub fn unsettled_orders(shop: &ShopId) -> String {
    format!("SHOP#{shop}#UNSETTLED_ORDERS")
}

/// A use of a code, by when it was used.
pub fn code_redemption(shop: &ShopId, code: Id, at: DateTime<Utc>) -> Key {
    key(format!("SHOP#{shop}#REDEMPTIONS#CODE#{code}"), instant(at))
}

/// What of a shop's rules and coupons makes that a stored code is not seen as it is stored: one partition, which every
/// list of codes reads a range of. The sort keys of what concerns every status come first, then by when rules end.
pub fn standings(shop: &ShopId) -> String {
    format!("SHOP#{shop}#STANDINGS")
}

/// The codes of this rule are stored partly as expired and partly not.
pub fn standing_mixed(shop: &ShopId, rule: Id) -> Key {
    key(standings(shop), format!("CHANGED#{}", number(rule)))
}

/// This coupon was deleted, and its codes are not yet.
pub fn standing_deleted(shop: &ShopId, coupon: Id) -> Key {
    key(standings(shop), format!("DELETED#{}", number(coupon)))
}

/// This rule ends at that moment; its codes are stored as if it did not.
pub fn standing_ends(shop: &ShopId, at: DateTime<Utc>, rule: Id) -> Key {
    key(standings(shop), format!("ENDS#{}#{}", instant(at), number(rule)))
}

/// This rule is not enabled.
pub fn standing_off(shop: &ShopId, rule: Id) -> Key {
    key(standings(shop), format!("OFF#{}", number(rule)))
}

/// This rule begins at that moment.
pub fn standing_starts(shop: &ShopId, at: DateTime<Utc>, rule: Id) -> Key {
    key(standings(shop), format!("STARTS#{}#{}", instant(at), number(rule)))
}

/// The sort keys of [`standings`] that concern every status at a moment.
pub fn standings_at(now: DateTime<Utc>) -> (String, String) {
    ("CHANGED#".to_owned(), format!("ENDS#{}#~", instant(now)))
}

/// The two ranges of [`standings`] that beside those concern what is available: rules that are off, and rules that begin
/// later.
pub fn standings_barred(now: DateTime<Utc>) -> [(String, String); 2] {
    let later = (format!("STARTS#{}#~", instant(now)), "STARTS#~".to_owned());
    [("OFF#".to_owned(), "OFF#~".to_owned()), later]
}
