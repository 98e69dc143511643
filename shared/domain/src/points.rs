//! Points: the append-only ledger of a customer, and the account that sums it.
//!
//! An account is what its entries make of it, one after the other ([`Account::with`]); so an audit has but to go through
//! them again. All that has to do with the calendar follows the *day* of an entry in the shop's zone, which never goes
//! back along a ledger: neither two clocks that differ nor a changed zone give a customer a day or a month twice.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{id::Id, money::Hundredths, shop::Shop};

/// The most points that one manual adjustment moves, either way (`readings.md`).
pub const MAX_ADJUSTMENT: i64 = 1_000_000_000;

/// The kind of an entry. An open string on the wire; these are the ones that we write.
pub mod kind {
    /// Earned by a paid order.
    pub const BUY: &str = "buy";
    /// Adjusted by the merchant.
    pub const MANUAL: &str = "manual";
    /// For signing in.
    pub const SIGN: &str = "sign";
    /// Spent.
    pub const REDEEM: &str = "redeem";
    /// A redemption that was given back, or points that an order took back: the sign tells which.
    pub const REFUND: &str = "refund";
    /// Not spent in time.
    pub const EXPIRE: &str = "expire";
}

/// A calendar month, by its first day.
pub type Month = NaiveDate;

/// The month of a day.
pub fn month_of(day: NaiveDate) -> Month {
    day.with_day(1).unwrap_or(day)
}

/// A redemption that a refund gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redeemed {
    /// The entry.
    pub id: Id,
    /// The month in which it was made, whose use goes down.
    pub month: Month,
}

/// Where in a ledger the points that are still there begin: nothing before this entry is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    /// The number of the entry, from 1.
    pub index: u64,
    /// Its day.
    pub day: NaiveDate,
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
    /// The day of the shop on which it was written; not before that of the entry before it.
    pub day: NaiveDate,
    /// All points that the customer ever gained, this entry's included: by this sum points leave in the order in which
    /// they came, without a mark on any of them.
    pub gained: i64,
    /// What a redemption was worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_price: Option<Hundredths>,
    /// The redemption that a refund gives back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redeemed: Option<Redeemed>,
    /// What is left after points have expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Rest>,
}

/// Why points move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A paid order earns; 0 points are an entry too.
    Buy {
        /// The order.
        order_id: Id,
    },
    /// The merchant says so, either way.
    Manual,
    /// The customer signed in.
    Sign,
    /// The customer spends, for an order or without one.
    Redeem {
        /// The order.
        order_id: Option<Id>,
        /// What it is worth.
        price: Hundredths,
    },
    /// A redemption is given back.
    Return {
        /// The redemption.
        redeemed: Redeemed,
        /// Its order.
        order_id: Option<Id>,
    },
    /// An order takes back what it had earned.
    Reverse {
        /// The order.
        order_id: Id,
    },
    /// Points were not spent in time.
    Expire {
        /// What is left then.
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
    /// The month that a redemption is counted in.
    pub fn month(&self) -> Month {
        month_of(self.day)
    }

    /// What it adds to the points that count for the level: earned by orders, sign-ins and positive adjustments, less
    /// what orders take back.
    fn earned(&self) -> i64 {
        match self.kind.as_str() {
            kind::BUY | kind::SIGN => self.points,
            kind::MANUAL => self.points.max(0),
            kind::REFUND => self.points.min(0),
            _ => 0,
        }
    }
}

/// What the entries of a customer sum to. A customer without entries has the default account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The sum of all entries; never below zero.
    pub points: i64,
    /// What counts for the level: earned by orders, sign-ins and positive adjustments, less what orders took back;
    /// spending does not lower it.
    pub earned_points: i64,
    /// How many entries there are; also the position of the newest in the customer's ledger.
    pub entries: u64,
    /// The id of the newest entry, 0 without one: ids grow along the ledger.
    pub last_entry_id: Id,
    /// The sum of all entries above zero. What is not in the balance of it was consumed.
    pub gained: i64,
    /// The day of the newest entry.
    pub day: Option<NaiveDate>,
    /// The day of the last sign-in.
    pub signed_on: Option<NaiveDate>,
    /// The month of the last redemption.
    pub month: Option<Month>,
    /// What was redeemed in that month, less what was given back of it.
    pub redeemed: i64,
    /// Where the points that are still there begin, or before that.
    pub rest: Option<Rest>,
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
    /// The balance, or all that was ever gained, would pass 2^53-1.
    #[error("The balance would be too large.")]
    Overflow,
}

impl Account {
    /// The largest balance: 2^53-1, which every JSON client can hold exactly.
    pub const MAX_BALANCE: i64 = (1 << 53) - 1;

    /// The day of this account at an instant: the shop's, but not before that of the newest entry.
    pub fn day_at(&self, now: DateTime<Utc>, shop: &Shop) -> NaiveDate {
        let today = shop.day(now);
        self.day.map_or(today, |day| day.max(today))
    }

    /// All points that were ever spent, taken back or lost.
    pub fn consumed(&self) -> i64 {
        self.gained - self.points
    }

    /// What is redeemed in the month of `day`, less what was given back of it.
    pub fn redeemed_in_month_of(&self, day: NaiveDate) -> i64 {
        if self.month == Some(month_of(day)) { self.redeemed } else { 0 }
    }

    /// Whether the customer has signed in on `day`.
    pub fn has_signed_on(&self, day: NaiveDate) -> bool {
        self.signed_on.is_some_and(|signed| signed >= day)
    }

    /// The next entry of this customer.
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

    /// What the entries of a customer, all of them in their order, sum to.
    ///
    /// # Errors
    /// Which entry cannot be one of such a ledger.
    pub fn of(entries: &[PointEntry]) -> Result<Self, String> {
        let mut account = Self::default();
        for entry in entries {
            let gained = account.gained + entry.points.max(0);
            let follows = entry.id > account.last_entry_id && account.day.is_none_or(|day| day <= entry.day);
            if entry.gained != gained || !follows {
                return Err(format!("entry {} does not follow on the one before it", entry.id));
            }
            account = account.with(entry).map_err(|refusal| format!("entry {}: {refusal}", entry.id))?;
        }
        Ok(account)
    }

    /// The account after `entry`; refused where the balance would leave its range.
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
        // What was there before is all consumed.
        if self.points == 0 && entry.points > 0 {
            after.rest = Some(Rest { index: after.entries, day: entry.day });
        }
        Ok(after)
    }
}
