//! Coupon codes (优惠码): one discount in a customer's hands (`discounts.txt`).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::Id;

/// The longest code, in characters.
pub const CODE_LENGTH: usize = 64;
/// The most codes that one request issues.
pub const MAX_ISSUED: usize = 1_000;
/// The most coupons that one request issues codes of.
pub const MAX_ISSUED_COUPONS: usize = 20;

/// A code of a shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponCode {
    /// Ours, increasing in order of creation.
    pub id: Id,
    /// The coupon that it came from.
    pub coupon_id: Id,
    /// The rule of that coupon.
    pub price_rule_id: Id,
    /// Whose it is.
    pub customer_id: Id,
    /// What the customer types: unique in the shop, and never given again.
    pub code: String,
    /// When it was used; `None` where it is not.
    pub used_at: Option<DateTime<Utc>>,
    /// The order that uses it; `None` where it is not used, or the merchant said so without an order.
    #[serde(default)]
    pub order_id: Option<Id>,
    /// Whether the customer claimed it with the passphrase.
    pub claimed: bool,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
}

/// The status of a code at this moment: `used`; else `expired` once its rule has ended; else `unused`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(as = CouponCodeStatus, rename_all = "snake_case")]
pub enum Status {
    /// Neither of the others. It may still not apply: its rule may be disabled or not have begun.
    Unused,
    /// It was used.
    Used,
    /// It was not used, and its rule has ended.
    Expired,
}

impl Status {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Used => "used",
            Self::Expired => "expired",
        }
    }
}

impl CouponCode {
    /// The effective status, given whether the rule has ended.
    pub fn status(&self, rule_has_ended: bool) -> Status {
        match (self.used_at, rule_has_ended) {
            (Some(_), _) => Status::Used,
            (None, true) => Status::Expired,
            (None, false) => Status::Unused,
        }
    }
}

/// What the random part of a code is made of: 32 letters and digits, none of which is easily taken for another.
pub const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz123456789";

/// The fewest random characters of a code.
const SHORTEST: u32 = 6;
/// How many texts there are for each that is given: a guess hits one time in a million.
const SPARSITY: u64 = 1 << 20;

/// How many random characters a code has, where `issued` codes of its coupon were issued before it: the suffix grows as
/// the prefix fills up, so that a guess stays a guess.
///
/// ```
/// use shared::domain::coupon_code::suffix_length;
/// assert_eq!([0, 1_000, 1_024, 40_000, 1_000_000, 10_000_000].map(suffix_length), [6, 6, 7, 8, 8, 9]);
/// ```
pub fn suffix_length(issued: u64) -> u32 {
    // 32 to the power of the length must be at least the sparsity times the codes, this one included.
    let bits = (u128::from(issued) + 1) * u128::from(SPARSITY);
    let needed = 128 - (bits - 1).leading_zeros();
    needed.div_ceil(5).max(SHORTEST)
}

/// The random part of a code from random numbers, one for each character.
pub fn suffix(random: impl Iterator<Item = u8>) -> String {
    random.map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}
