//! Points: the append-only ledger of a customer, and the account that sums it up.
//!
//! An account is the result of applying its entries one after the other ([`Account::with`]), so an audit only has to
//! apply them again. All calendar rules use the *day* of an entry in the shop's time zone, and that day never decreases
//! along a ledger. So neither two clocks that differ nor a change of the time zone gives a customer the same day or
//! month twice.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{id::Id, money::Hundredths, shop::Shop};

/// Most points that one manual adjustment adds or takes away (docs/api/point-history.md).
pub const MAX_ADJUSTMENT: i64 = 1_000_000_000;

/// Kinds of ledger entries. The kind is a free text on the wire; this service writes only these.
pub mod kind {
    /// Points earned by a paid order.
    pub const BUY: &str = "buy";
    /// Points adjusted by the merchant.
    pub const MANUAL: &str = "manual";
    /// Points for signing in.
    pub const SIGN: &str = "sign";
    /// Points spent by the customer.
    pub const REDEEM: &str = "redeem";
    /// Points of a redemption that was returned (positive), or points that an order took back (negative).
    pub const REFUND: &str = "refund";
    /// Points that expired.
    pub const EXPIRE: &str = "expire";
}

/// A calendar month, given by its first day.
pub type Month = NaiveDate;

/// Returns the month of a day.
pub fn month_of(day: NaiveDate) -> Month {
    day.with_day(1).unwrap_or(day)
}

/// The redemption that an entry returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redeemed {
    /// Id of the ledger entry that redeemed the points.
    pub id: Id,
    /// Month of that entry. The monthly sum of redeemed points goes down for this month.
    pub month: Month,
}

/// First ledger entry that can still hold unspent points. All points of earlier entries are consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    /// Number of the entry in the customer's ledger, from 1.
    pub index: u64,
    /// Day of that entry.
    pub day: NaiveDate,
}

/// One entry of the ledger (积分历史). Entries are never edited and never deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointEntry {
    /// Id chosen by this service; ids grow in order of creation.
    pub id: Id,
    /// The customer whose balance it changes.
    pub customer_id: Id,
    /// Change of the balance: positive or negative, or 0 for an order that earned nothing.
    pub points: i64,
    /// Kind of the entry; see [`kind`].
    pub kind: String,
    /// The order that caused it; `None` if no order did.
    pub order_id: Option<Id>,
    /// Time when it was written.
    pub created_at: DateTime<Utc>,
    /// Day of the entry in the shop's time zone; not before the day of the previous entry.
    pub day: NaiveDate,
    /// All points that the customer has ever gained, including this entry. This sum alone tells which points are
    /// consumed, first in, first out; no entry is marked.
    pub gained: i64,
    /// Value of the points; set for redemptions only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_price: Option<Hundredths>,
    /// The redemption that this entry returns; set only if it returns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redeemed: Option<Redeemed>,
    /// First entry with unspent points after an expiry; set for expiry entries only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Rest>,
}

/// Reasons for a ledger entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A paid order earns points. An order that earns 0 points has an entry too.
    Buy {
        /// Id of the order.
        order_id: Id,
    },
    /// The merchant adds or takes away points.
    Manual,
    /// The customer signed in.
    Sign,
    /// The customer spends points, for an order or without one.
    Redeem {
        /// Id of the order; `None` without one.
        order_id: Option<Id>,
        /// Value of the points.
        price: Hundredths,
    },
    /// A redemption is returned.
    Return {
        /// The redemption that is returned.
        redeemed: Redeemed,
        /// Order of that redemption; `None` without one.
        order_id: Option<Id>,
    },
    /// An order takes back points that it had earned.
    Reverse {
        /// Id of the order.
        order_id: Id,
    },
    /// Points of the customer expired.
    Expire {
        /// First entry that still holds points afterwards.
        rest: Option<Rest>,
    },
}

impl Cause {
    fn kind(self) -> &'static str {
        match self {
            Self::Buy { .. } => kind::BUY,
            Self::Manual => kind::MANUAL,
            Self::Sign => kind::SIGN,
            Self::Redeem { .. } => kind::REDEEM,
            Self::Return { .. } | Self::Reverse { .. } => kind::REFUND,
            Self::Expire { .. } => kind::EXPIRE,
        }
    }
}

impl PointEntry {
    /// Returns the month in which a redemption is counted.
    pub fn month(&self) -> Month {
        month_of(self.day)
    }

    /// Returns the change of the points that count for the level: points from orders, sign-ins and positive
    /// adjustments, less the points that orders take back.
    fn earned(&self) -> i64 {
        match self.kind.as_str() {
            kind::BUY | kind::SIGN => self.points,
            kind::MANUAL => self.points.max(0),
            kind::REFUND => self.points.min(0),
            _ => 0,
        }
    }
}

/// Sum of all ledger entries of one customer. A customer without entries has the default account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Balance: the sum of all entries, from 0 to [`Self::MAX_BALANCE`].
    pub points: i64,
    /// Points that count for the level: points from orders, sign-ins and positive adjustments, less the points that
    /// orders took back. Spending does not lower it.
    pub earned_points: i64,
    /// Number of entries; also the position of the newest one in the customer's ledger.
    pub entries: u64,
    /// Id of the newest entry; 0 without one. Ids grow along the ledger.
    pub last_entry_id: Id,
    /// Sum of all positive entries. The part of it that is not in the balance was consumed.
    pub gained: i64,
    /// Day of the newest entry.
    pub day: Option<NaiveDate>,
    /// Day of the last sign-in.
    pub signed_on: Option<NaiveDate>,
    /// Month of the last redemption.
    pub month: Option<Month>,
    /// Points redeemed in [`Self::month`], less those returned.
    pub redeemed: i64,
    /// First entry that can still hold unspent points. It may lie too early, never too late.
    pub rest: Option<Rest>,
}

/// Reasons why an entry cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The balance would fall below 0.
    #[error("This customer has only {balance} points.")]
    Insufficient {
        /// Balance before the entry.
        balance: i64,
    },
    /// The balance, or the sum of all points ever gained, would exceed 2^53-1.
    #[error("The balance would be too large.")]
    Overflow,
}

impl Account {
    /// Largest balance: 2^53-1, which every JSON client can hold exactly.
    pub const MAX_BALANCE: i64 = (1 << 53) - 1;

    /// Returns the day of this account at `now`: the day in the shop's time zone, but not before the day of the newest
    /// entry.
    pub fn day_at(&self, now: DateTime<Utc>, shop: &Shop) -> NaiveDate {
        let today = shop.day(now);
        self.day.map_or(today, |day| day.max(today))
    }

    /// Returns the number of points that were ever spent, taken back or expired.
    pub fn consumed(&self) -> i64 {
        self.gained - self.points
    }

    /// Returns the points redeemed in the month of `day`, less those returned.
    pub fn redeemed_in_month_of(&self, day: NaiveDate) -> i64 {
        if self.month == Some(month_of(day)) { self.redeemed } else { 0 }
    }

    /// Returns true if the customer has already signed in on `day`, or on a later day.
    pub fn has_signed_on(&self, day: NaiveDate) -> bool {
        self.signed_on.is_some_and(|signed| signed >= day)
    }

    /// Returns the next entry of this customer. It is not checked; see [`Self::with`].
    pub fn draft(
        &self,
        (id, customer_id): (Id, Id),
        cause: Cause,
        points: i64,
        (now, shop): (DateTime<Utc>, &Shop),
    ) -> PointEntry {
        let mut entry = PointEntry {
            id,
            customer_id,
            points,
            kind: cause.kind().to_owned(),
            order_id: None,
            created_at: now,
            day: self.day_at(now, shop),
            gained: self.gained.saturating_add(points.max(0)),
            points_price: None,
            redeemed: None,
            rest: None,
        };
        match cause {
            Cause::Buy { order_id } | Cause::Reverse { order_id } => entry.order_id = Some(order_id),
            Cause::Redeem { order_id, price } => {
                (entry.order_id, entry.points_price) = (order_id, Some(price));
            }
            Cause::Return { redeemed, order_id } => (entry.order_id, entry.redeemed) = (order_id, Some(redeemed)),
            Cause::Expire { rest } => entry.rest = rest,
            Cause::Manual | Cause::Sign => {}
        }
        entry
    }

    /// Returns the account that the complete ledger of a customer adds up to. `entries` are in order.
    ///
    /// # Errors
    /// A text that names the first entry which cannot stand in such a ledger.
    pub fn of(entries: &[PointEntry]) -> Result<Self, String> {
        let mut account = Self::default();
        for entry in entries {
            let gained = account.gained + entry.points.max(0);
            let follows = entry.id > account.last_entry_id && account.day.is_none_or(|day| day <= entry.day);
            if entry.gained != gained || !follows {
                return Err(format!("entry {} does not follow the entry before it", entry.id));
            }
            account = account.with(entry).map_err(|refusal| format!("entry {}: {refusal}", entry.id))?;
        }
        Ok(account)
    }

    /// Returns the account after `entry`.
    ///
    /// # Errors
    /// [`Refusal`] if the balance would leave its range.
    pub fn with(&self, entry: &PointEntry) -> Result<Self, Refusal> {
        let balance = self.points.checked_add(entry.points).ok_or(Refusal::Overflow)?;
        if balance < 0 {
            return Err(Refusal::Insufficient { balance: self.points });
        }
        if balance.max(entry.gained) > Self::MAX_BALANCE {
            return Err(Refusal::Overflow);
        }
        let mut after = Self {
            points: balance,
            earned_points: self.earned_points + entry.earned(),
            entries: self.entries + 1,
            last_entry_id: entry.id,
            gained: entry.gained,
            day: Some(entry.day),
            ..self.clone()
        };
        match entry.kind.as_str() {
            kind::SIGN => after.signed_on = Some(entry.day),
            kind::REDEEM => {
                after.redeemed = self.redeemed_in_month_of(entry.day) - entry.points;
                after.month = Some(entry.month());
            }
            kind::REFUND if entry.redeemed.is_some_and(|redeemed| Some(redeemed.month) == self.month) => {
                after.redeemed -= entry.points;
            }
            kind::EXPIRE => after.rest = entry.rest,
            _ => {}
        }
        // The balance was 0, so all earlier points are consumed.
        if self.points == 0 && entry.points > 0 {
            after.rest = Some(Rest { index: after.entries, day: entry.day });
        }
        Ok(after)
    }
}
