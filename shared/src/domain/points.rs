//! Points: the append-only ledger of a customer, and the account that sums it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::id::Id;

/// The most points that one manual adjustment moves, either way (`readings.md`).
pub const MAX_ADJUSTMENT: i64 = 1_000_000_000;

/// The kind of an entry. An open string on the wire; these are the ones that we write.
pub mod kind {
    /// Earned by a paid order.
    pub const BUY: &str = "buy";
    /// Adjusted by the merchant.
    pub const MANUAL: &str = "manual";
}

/// One line of the ledger (积分历史). Never edited, never deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointEntry {
    /// Ours, increasing in order of creation.
    pub id: Id,
    /// Whose points.
    pub customer_id: Id,
    /// Signed.
    pub points: i64,
    /// See [`kind`].
    pub kind: String,
    /// The order that caused it, if one did.
    pub order_id: Option<Id>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// What the entries of a customer sum to. A customer without entries has the default account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The sum of all entries; never below zero.
    pub points: i64,
    /// What counts for the level: earned by orders, sign-ins and positive adjustments; spending does not lower it.
    pub earned_points: i64,
    /// How many entries there are; also the position of the newest in the customer's ledger.
    pub entries: u64,
    /// The id of the newest entry, 0 without one: ids grow along the ledger.
    pub last_entry_id: Id,
}

/// Why an entry cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The balance would fall below zero.
    #[error("This customer has only {balance} points.")]
    Insufficient {
        /// What is there.
        balance: i64,
    },
    /// The balance would pass 2^53-1.
    #[error("The balance would be too large.")]
    Overflow,
}

impl Account {
    /// The largest balance: 2^53-1, which every JSON client can hold exactly.
    pub const MAX_BALANCE: i64 = (1 << 53) - 1;

    /// The account after `entry`; refused where the balance would leave its range.
    ///
    /// ```
    /// # use shared::domain::points::{Account, Refusal};
    /// let account = Account { points: 5, ..Account::default() };
    /// assert_eq!(account.after(9, -5, false).unwrap().points, 0);
    /// assert_eq!(account.after(9, -6, false), Err(Refusal::Insufficient { balance: 5 }));
    /// ```
    pub fn after(&self, entry_id: Id, points: i64, earned: bool) -> Result<Self, Refusal> {
        let balance = self.points.checked_add(points).ok_or(Refusal::Overflow)?;
        if balance < 0 {
            return Err(Refusal::Insufficient { balance: self.points });
        }
        if balance > Self::MAX_BALANCE {
            return Err(Refusal::Overflow);
        }
        let gained = if earned { points.max(0) } else { 0 };
        Ok(Self {
            points: balance,
            earned_points: self.earned_points.saturating_add(gained).min(Self::MAX_BALANCE),
            entries: self.entries + 1,
            last_entry_id: entry_id,
        })
    }
}
