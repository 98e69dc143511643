//! Coupons (优惠券). A coupon issues codes of one price rule under a passphrase (docs/api/coupons.md).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{id::Id, price_rule::PriceRule};

/// Largest number of coupons in one shop.
pub const MAX_COUPONS: u64 = 10_000;
/// Longest prefix, in characters.
pub const PREFIX_LENGTH: usize = 32;

/// A coupon of a shop. No field changes after creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// Id chosen by this service; ids grow in order of creation.
    pub id: Id,
    /// Prefix of its codes, and the passphrase that customers enter to claim one: 1 to 32 letters, digits, `-` or `_`.
    /// Unique among the coupons of the shop.
    pub code_prefix: String,
    /// True if customers may claim codes with the passphrase.
    pub can_redeem: bool,
    /// Title of its codes. `None`: they carry the title of the price rule.
    pub title: Option<String>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// The price rule whose discount its codes give.
    pub price_rule_id: Id,
}

/// The fields of a coupon and its price rule that a code shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Title of the coupon, or of the price rule if the coupon has none.
    pub title: String,
    /// Generated title of the price rule; see [`PriceRule::verbose_title`].
    pub verbose_title: String,
    /// Start of the price rule's window.
    pub starts_at: Option<DateTime<Utc>>,
    /// End of the price rule's window.
    pub ends_at: Option<DateTime<Utc>>,
}

impl Terms {
    /// Returns the terms that follow from the current coupon and price rule.
    pub fn of(coupon: &Coupon, rule: &PriceRule) -> Self {
        Self {
            title: coupon.title.as_ref().unwrap_or(&rule.title).clone(),
            verbose_title: rule.verbose_title(),
            starts_at: rule.starts_at,
            ends_at: rule.ends_at,
        }
    }

    /// Returns true once the window of the price rule has ended.
    pub fn have_ended(&self, now: DateTime<Utc>) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }
}

impl Coupon {
    /// Returns true if `text` is a valid prefix; see [`Coupon::code_prefix`].
    pub fn is_prefix(text: &str) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (1..=PREFIX_LENGTH).contains(&text.len()) && text.bytes().all(plain)
    }
}

/// Numbers of used and claimed codes of one coupon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Number of codes that are used.
    pub used: u64,
    /// Number of codes that customers claimed with the passphrase (`redeem_count` in the API).
    pub claimed: u64,
}
