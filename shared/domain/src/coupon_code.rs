//! Coupon codes (优惠码). A code is one discount that one customer holds (docs/api/coupon-codes.md).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::Id;

/// Longest code, in characters.
pub const CODE_LENGTH: usize = 64;
/// Largest number of codes that one request issues.
pub const MAX_ISSUED: usize = 1_000;
/// Largest number of coupons whose codes one request issues.
pub const MAX_ISSUED_COUPONS: usize = 20;

/// A coupon code of a shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponCode {
    /// Id chosen by this service; ids grow in order of creation.
    pub id: Id,
    /// The coupon that issued it.
    pub coupon_id: Id,
    /// The price rule of that coupon.
    pub price_rule_id: Id,
    /// The customer who holds it.
    pub customer_id: Id,
    /// Text that the customer types. Unique in the shop, and never issued again.
    pub code: String,
    /// Time of its use; `None` while it is not used.
    pub used_at: Option<DateTime<Utc>>,
    /// The order that uses it. `None` if it is not used, or if the merchant marked it as used without an order.
    #[serde(default)]
    pub order_id: Option<Id>,
    /// True if the customer claimed it with the passphrase.
    pub claimed: bool,
    /// Time of issue.
    pub created_at: DateTime<Utc>,
}

/// The status of a code at this moment: `used`; else `expired` once its rule has ended; else `unused`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(as = CouponCodeStatus, rename_all = "snake_case")]
pub enum Status {
    /// Neither used nor expired. It may still not apply, because its rule is disabled or has not started.
    Unused,
    /// Used, whether or not its rule has ended.
    Used,
    /// Not used, and its rule has ended.
    Expired,
}

impl Status {
    /// Returns the name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Used => "used",
            Self::Expired => "expired",
        }
    }
}

impl CouponCode {
    /// Returns the effective status. The caller says if the rule has ended.
    pub fn status(&self, rule_has_ended: bool) -> Status {
        match (self.used_at, rule_has_ended) {
            (Some(_), _) => Status::Used,
            (None, true) => Status::Expired,
            (None, false) => Status::Unused,
        }
    }
}

/// Characters of the random part of a code: 32 letters and digits. Look-alikes (`0`, `i`, `l`, `o`) are left out.
pub const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz123456789";

/// Smallest number of random characters in a code.
const SHORTEST: u32 = 6;
/// Number of possible codes for each code that is issued: one guess in about a million (2^20) hits.
const SPARSITY: u64 = 1 << 20;

/// Returns the number of random characters of a new code, given that its coupon issued `issued` codes before. The
/// random part grows with that number, so that a guess still hits only one time in about a million.
///
/// ```
/// use domain::coupon_code::suffix_length;
/// assert_eq!([0, 1_000, 1_024, 40_000, 1_000_000, 10_000_000].map(suffix_length), [6, 6, 7, 8, 8, 9]);
/// ```
pub fn suffix_length(issued: u64) -> u32 {
    // 32 ^ length must be at least the sparsity times the number of codes, including this one.
    let bits = (u128::from(issued) + 1) * u128::from(SPARSITY);
    let needed = 128 - (bits - 1).leading_zeros();
    needed.div_ceil(5).max(SHORTEST)
}

/// Returns the random part of a code: one character for each random number.
pub fn suffix(random: impl Iterator<Item = u8>) -> String {
    random.map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}
