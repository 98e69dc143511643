//! Coupons (优惠券): what hands out codes of a price rule under a passphrase (`discounts.txt`).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{id::Id, price_rule::PriceRule};

/// The most coupons of a shop.
pub const MAX_COUPONS: u64 = 10_000;
/// The longest prefix, in characters.
pub const PREFIX_LENGTH: usize = 32;

/// A coupon of a shop. Nothing of it changes once it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// Ours, increasing in order of creation.
    pub id: Id,
    /// What its codes begin with, and the passphrase by which they are claimed: 1 to 32 of letters, digits, `-` and `_`;
    /// unique among the coupons of the shop.
    pub code_prefix: String,
    /// Whether customers may claim codes with the passphrase.
    pub can_redeem: bool,
    /// What its codes are called; without one as the rule is.
    pub title: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// What its codes discount.
    pub price_rule_id: Id,
}

impl Coupon {
    /// What its codes are called.
    pub fn code_title<'a>(&'a self, rule: &'a PriceRule) -> &'a str {
        self.title.as_deref().unwrap_or(&rule.title)
    }

    /// Whether a text can be a prefix: see [`Coupon::code_prefix`].
    pub fn is_prefix(text: &str) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (1..=PREFIX_LENGTH).contains(&text.len()) && text.bytes().all(plain)
    }
}

/// What the codes of a coupon say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Codes that are used.
    pub used: u64,
    /// Codes that a customer claimed with the passphrase.
    pub redeemed: u64,
}
