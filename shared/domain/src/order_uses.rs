//! Uses of an order: the codes and automatic price rules that it uses, each under one version of its rule
//! (docs/api/checkout.md).
//!
//! A use ends in three ways: the order is released, its hold expires while the order is unpaid, or the merchant takes
//! the code back. This record is authoritative from that moment on. The rows of the codes and the counters follow
//! later; `stored` tells if they did.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::Id;

/// Largest number of codes that an order uses.
pub const MAX_CODES: usize = 10;
/// Largest number of price rules that apply to an order.
pub const MAX_RULES: usize = 15;

/// One use by an order: a price rule, and the code that brought it unless the rule is automatic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// The code; `None` for an automatic rule.
    pub code_id: Option<Id>,
    /// The price rule.
    pub price_rule_id: Id,
    /// Version of the rule at the time of the use. The item of that version holds the terms of the rule.
    pub rule_version: u64,
    /// Time of the use.
    pub used_at: DateTime<Utc>,
    /// End of the hold; `None` once the use is permanent. If the order is not paid by then, the use ends.
    pub held_until: Option<DateTime<Utc>>,
    /// Time when the use was given back. The use leaves this record once that is stored.
    pub released_at: Option<DateTime<Utc>>,
    /// True once every copy of the code says that it is used. With many codes the copies do not fit into the
    /// transaction of the use, and are written later.
    pub stored: bool,
}

impl Use {
    /// Returns the time at which this use needs work: a pending write is due at the epoch, whatever clock the reader
    /// has; an open hold is due at its end.
    fn due(&self) -> Option<DateTime<Utc>> {
        if self.is_pending() { Some(DateTime::UNIX_EPOCH) } else { self.held_until }
    }

    /// Returns true if the rows of the code or the counters still have to follow this record.
    pub fn is_pending(&self) -> bool {
        self.released_at.is_some() || !self.stored
    }
}

/// All uses of one order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderUses {
    /// The customer who holds the codes.
    pub customer_id: Id,
    /// Uses in the order in which they were made; at most [`MAX_CODES`] codes and [`MAX_RULES`] rules are live.
    pub uses: Vec<Use>,
}

impl OrderUses {
    /// Returns the uses that were not given back.
    pub fn live(&self) -> impl Iterator<Item = &Use> {
        self.uses.iter().filter(|used| used.released_at.is_none())
    }

    /// Returns the ids of the live codes.
    pub fn live_codes(&self) -> Vec<Id> {
        self.live().filter_map(|used| used.code_id).collect()
    }

    /// Returns true if rows or counters still have to follow this record.
    pub fn is_pending(&self) -> bool {
        self.uses.iter().any(Use::is_pending)
    }

    /// Returns the earliest time at which a use needs work; see [`Use`]. `None` if no use does.
    pub fn due(&self) -> Option<DateTime<Utc>> {
        self.uses.iter().filter_map(Use::due).min()
    }

    /// Returns true if the hold of a live use has expired and was not decided yet.
    pub fn has_ended_holds(&self, now: DateTime<Utc>) -> bool {
        self.live().any(|used| used.held_until.is_some_and(|end| end <= now))
    }

    /// Decides the expired holds: the uses of a paid order become permanent; other uses are given back as of the end of
    /// their hold.
    ///
    /// ```
    /// # use domain::order_uses::{OrderUses, Use};
    /// # use chrono::{DateTime, Duration, Utc};
    /// let (start, minute) = (DateTime::<Utc>::UNIX_EPOCH, Duration::minutes(1));
    /// let held = Use {
    ///     code_id: Some(7), price_rule_id: 5, rule_version: 1, used_at: start, held_until: Some(start + minute),
    ///     released_at: None, stored: true,
    /// };
    /// let mut uses = OrderUses { customer_id: 1, uses: vec![held] };
    /// uses.end_holds(start, false);
    /// assert_eq!(uses.live_codes(), [7]);
    /// uses.end_holds(start + minute, false);
    /// assert_eq!((uses.live_codes(), uses.uses[0].released_at), (vec![], Some(start + minute)));
    /// ```
    pub fn end_holds(&mut self, now: DateTime<Utc>, paid: bool) {
        for used in self.uses.iter_mut().filter(|used| used.released_at.is_none()) {
            if let Some(end) = used.held_until.filter(|end| *end <= now) {
                used.held_until = None;
                used.released_at = (!paid).then_some(end);
            }
        }
    }

    /// Records that the order is paid now. Holds that expired before are given back; all other uses become permanent.
    pub fn pay(&mut self, now: DateTime<Utc>) {
        self.end_holds(now, false);
        for used in self.uses.iter_mut().filter(|used| used.released_at.is_none()) {
            used.held_until = None;
        }
    }

    /// Gives all live uses back. Returns their codes, in the order in which they were used.
    pub fn release(&mut self, now: DateTime<Utc>) -> Vec<Id> {
        let codes = self.live_codes();
        for used in self.uses.iter_mut().filter(|used| used.released_at.is_none()) {
            used.released_at = Some(now);
        }
        codes
    }
}
