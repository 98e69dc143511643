//! What an order uses: codes and automatic price rules, each as the rule was (`beyond.md`, Codes at the checkout).
//!
//! A use ends in three ways: the order gives it back, its hold ends while the order is not paid, or the merchant takes the
//! code back. The record says what is so from that moment on; the rows of the codes and the counters follow ("stored").

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::id::Id;

/// The most codes that an order uses.
pub const MAX_CODES: usize = 10;
/// The most price rules that apply to an order.
pub const MAX_RULES: usize = 15;

/// A price rule, and of a code's also the code, that an order uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// The code; an automatic rule has none.
    pub code_id: Option<Id>,
    /// The rule.
    pub price_rule_id: Id,
    /// Which of the rule's versions it was used under: that item says what the rule was.
    pub rule_version: u64,
    /// When it was used.
    pub used_at: DateTime<Utc>,
    /// When it ends, if the order is not paid by then.
    pub held_until: Option<DateTime<Utc>>,
    /// When it was given back. It is gone from here once that is stored.
    pub released_at: Option<DateTime<Utc>>,
    /// Whether every copy of the code says that it is used. Many codes do not fit into the transaction of the use.
    pub stored: bool,
}

impl Use {
    /// When there is something to store or to decide. What is to be stored is due whatever the clock of a reader says.
    fn due(&self) -> Option<DateTime<Utc>> {
        if self.is_pending() { Some(DateTime::UNIX_EPOCH) } else { self.held_until }
    }

    /// Whether something of it is to be stored.
    pub fn is_pending(&self) -> bool {
        self.released_at.is_some() || !self.stored
    }
}

/// What an order uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderUses {
    /// Whose codes they are.
    pub customer_id: Id,
    /// In the order in which they were used; at most [`MAX_CODES`] codes and [`MAX_RULES`] rules of them are live.
    pub uses: Vec<Use>,
}

impl OrderUses {
    /// The uses that were not given back.
    pub fn live(&self) -> impl Iterator<Item = &Use> {
        self.uses.iter().filter(|used| used.released_at.is_none())
    }

    /// The codes that are live.
    pub fn live_codes(&self) -> Vec<Id> {
        self.live().filter_map(|used| used.code_id).collect()
    }

    /// Whether something is to be stored.
    pub fn is_pending(&self) -> bool {
        self.uses.iter().any(Use::is_pending)
    }

    /// When there is something to store or to decide next.
    pub fn due(&self) -> Option<DateTime<Utc>> {
        self.uses.iter().filter_map(Use::due).min()
    }

    /// Whether a hold has ended and nothing was made of that yet.
    pub fn has_ended_holds(&self, now: DateTime<Utc>) -> bool {
        self.live().any(|used| used.held_until.is_some_and(|end| end <= now))
    }

    /// Decides the holds that have ended: those of a paid order are for good, others are given back as of their end.
    ///
    /// ```
    /// # use shared::domain::order_uses::{OrderUses, Use};
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

    /// The order is paid now: holds that have ended were given back, the others are for good.
    pub fn pay(&mut self, now: DateTime<Utc>) {
        self.end_holds(now, false);
        for used in self.uses.iter_mut().filter(|used| used.released_at.is_none()) {
            used.held_until = None;
        }
    }

    /// Gives everything back. Answers the codes, in the order in which they were used.
    pub fn release(&mut self, now: DateTime<Utc>) -> Vec<Id> {
        let codes = self.live_codes();
        for used in self.uses.iter_mut().filter(|used| used.released_at.is_none()) {
            used.released_at = Some(now);
        }
        codes
    }
}
