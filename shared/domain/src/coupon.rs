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

/// What codes show of their coupon and rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The coupon's title, or else the rule's.
    pub title: String,
    /// The rule's; see [`PriceRule::verbose_title`].
    pub verbose_title: String,
    /// The rule's.
    pub starts_at: Option<DateTime<Utc>>,
    /// The rule's.
    pub ends_at: Option<DateTime<Utc>>,
}

impl Terms {
    /// As coupon and rule are now.
    pub fn of(coupon: &Coupon, rule: &PriceRule) -> Self {
        Self {
            title: coupon.title.as_ref().unwrap_or(&rule.title).clone(),
            verbose_title: rule.verbose_title(),
            starts_at: rule.starts_at,
            ends_at: rule.ends_at,
        }
    }

    /// Whether the window of the rule is over.
    pub fn have_ended(&self, now: DateTime<Utc>) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }
}

impl Coupon {
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
