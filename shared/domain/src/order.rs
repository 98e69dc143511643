//! Orders, under the shop's own ids. An order is stored as the shop sent it, including unknown fields; ledger entries
//! show it in full. Its effects on points are stored apart from it, because each effect must happen exactly once
//! however often the shop sends the order (docs/api/orders.md).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    id::Id,
    level::Level,
    money::Hundredths,
    points::{Month, Redeemed},
};

/// Largest JSON text of an order, in bytes (docs/api/orders.md).
pub const MAX_BYTES: usize = 256 * 1024;

/// A stored order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Id chosen by the shop.
    pub id: Id,
    /// The customer who placed it; an order without a customer earns no points.
    pub customer_id: Option<Id>,
    /// The order as the shop sent it: compact JSON text of an object, at most [`MAX_BYTES`] long. It is text rather
    /// than a value so that numbers and the order of the keys stay as they were sent.
    pub body: String,
}

/// An order as the shop sends it, with the fields that have an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Id chosen by the shop.
    pub id: Id,
    /// The customer of the order; `None` if the snapshot does not say.
    pub customer_id: Option<Option<Id>>,
    /// Name of the field that gave the customer. An error about the customer is reported under it.
    pub customer_field: &'static str,
    /// JSON text to store; see [`Order::body`].
    pub body: String,
    /// Time of this state of the order. `None` if the snapshot does not say; it is then never older than another one.
    pub updated_at: Option<DateTime<Utc>>,
    /// Amount paid; `None` while the order is not paid.
    pub paid: Option<Hundredths>,
    /// Amount refunded so far, in all.
    pub refunded: Hundredths,
    /// True if the order is cancelled.
    pub cancelled: bool,
}

/// The points that an order has earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earned {
    /// Number of points.
    pub points: i64,
    /// Amount paid for them. Later snapshots do not change it.
    pub paid: Hundredths,
}

impl Earned {
    /// Returns the points to take back in all: `floor(points x refunded / paid)`, or all points once the refund reaches
    /// the amount paid.
    fn taken_back(self, refunded: Hundredths) -> i64 {
        if refunded >= self.paid {
            return self.points;
        }
        let share = i128::from(self.points) * i128::from(refunded.0.max(0)) / i128::from(self.paid.0);
        i64::try_from(share).unwrap_or(self.points)
    }
}

/// A redemption of an order that was not returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Id of its ledger entry.
    pub id: Id,
    /// Number of points, above 0.
    pub points: i64,
    /// Calendar month in which the points were spent.
    pub month: Month,
}

impl Spent {
    /// Returns the reference for the ledger entry that returns these points.
    pub fn redeemed(self) -> Redeemed {
        Redeemed { id: self.id, month: self.month }
    }
}

/// State of an order and the effects it has had so far. Every change of the order is conditioned on this record, and so
/// is every write that relies on the state of the order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effects {
    /// The customer of the order; an order without a customer earns no points.
    pub customer_id: Option<Id>,
    /// Time of the newest snapshot that gave one.
    pub updated_at: Option<DateTime<Utc>>,
    /// True if the stored order is paid.
    pub paid: bool,
    /// True if the stored order is cancelled.
    pub cancelled: bool,
    /// Points that it earned; set once it is paid.
    pub earned: Option<Earned>,
    /// Number of earned points taken back so far, including those written off because the balance was too low.
    pub settled: i64,
    /// Redemptions that were not returned, at most [`MAX_OF_ORDER`](super::redemption::MAX_OF_ORDER).
    pub spent: Vec<Spent>,
    /// Digest of the stored body. A snapshot with the same digest is a repetition and needs no write.
    pub digest: String,
}

/// The ledger entries that a snapshot requires, in the order of these fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Points that the order earns.
    pub buy: Option<i64>,
    /// Redemptions to return.
    pub returned: Vec<Spent>,
    /// Points to take back; the balance may hold fewer.
    pub reverse: i64,
}

impl Due {
    /// Returns the largest number of ledger entries that this takes.
    pub fn entries(&self) -> usize {
        usize::from(self.buy.is_some()) + self.returned.len() + usize::from(self.reverse > 0)
    }
}

impl Effects {
    /// Returns true if the snapshot is older than the stored order.
    pub fn outdate(&self, snapshot: &Snapshot) -> bool {
        self.updated_at.is_some_and(|stored| snapshot.updated_at.is_some_and(|sent| sent < stored))
    }

    /// Returns the effects after a snapshot, and the ledger entries that it requires. `None` if the points do not fit
    /// into an `i64`.
    pub fn after(&self, snapshot: &Snapshot, level: Option<&Level>) -> Option<(Self, Due)> {
        let mut after = Self {
            customer_id: snapshot.customer_id.unwrap_or(self.customer_id),
            updated_at: snapshot.updated_at.or(self.updated_at),
            paid: snapshot.paid.is_some(),
            cancelled: snapshot.cancelled,
            ..self.clone()
        };
        let mut due = Due::default();
        if let (None, Some(paid), Some(_)) = (self.earned, snapshot.paid, after.customer_id) {
            let points = Level::points_for(level, paid)?;
            after.earned = Some(Earned { points, paid });
            due.buy = Some(points);
        }
        if snapshot.cancelled {
            due.returned = std::mem::take(&mut after.spent);
        }
        let taken_back = after
            .earned
            .map_or(0, |earned| if snapshot.cancelled { earned.points } else { earned.taken_back(snapshot.refunded) });
        due.reverse = (taken_back - self.settled).max(0);
        after.settled = self.settled.max(taken_back);
        Some((after, due))
    }
}
