//! Orders, under the shop's own ids. Kept as the shop sent them, unknown fields and all; entries of the point history
//! nest them. What an order has done to points stands apart from it, since it must happen exactly once however often the
//! order is sent.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    id::Id,
    level::Level,
    money::Hundredths,
    points::{Month, Redeemed},
};

/// The most bytes of an order's JSON (`readings.md`).
pub const MAX_BYTES: usize = 256 * 1024;

/// A stored order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The shop's own.
    pub id: Id,
    /// Whose order; an order without a customer earns nothing.
    pub customer_id: Option<Id>,
    /// The order as the shop sent it: compact JSON text of an object, at most [`MAX_BYTES`]. It is text and not a
    /// value so that numbers and the order of the keys come back as they came.
    pub body: String,
}

/// An order as the shop sends it, and what of it has an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The shop's own.
    pub id: Id,
    /// Whose order; `None` where the snapshot does not say.
    pub customer_id: Option<Option<Id>>,
    /// The field that says it, which an error about it names.
    pub customer_field: &'static str,
    /// See [`Order::body`].
    pub body: String,
    /// When it was so; `None` where the snapshot does not say, which is never older than another.
    pub updated_at: Option<DateTime<Utc>>,
    /// What was paid, where it is paid.
    pub paid: Option<Hundredths>,
    /// What was given back of that, in all.
    pub refunded: Hundredths,
    /// Whether it is cancelled.
    pub cancelled: bool,
}

/// What an order has earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earned {
    /// So many points,
    pub points: i64,
    /// for so much money. Later snapshots do not change it.
    pub paid: Hundredths,
}

impl Earned {
    /// What is to be taken back in all: `floor(earned x refunded / paid)`, everything when as much was refunded as paid.
    fn taken_back(self, refunded: Hundredths) -> i64 {
        if refunded >= self.paid {
            return self.points;
        }
        let share = i128::from(self.points) * i128::from(refunded.0.max(0)) / i128::from(self.paid.0);
        i64::try_from(share).unwrap_or(self.points)
    }
}

/// A live redemption of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Its entry.
    pub id: Id,
    /// So many points, above zero.
    pub points: i64,
    /// When.
    pub month: Month,
}

impl Spent {
    /// As what gives it back refers to it.
    pub fn redeemed(self) -> Redeemed {
        Redeemed { id: self.id, month: self.month }
    }
}

/// What the state of an order has done so far, and how it stands: the one thing that every change of the order, and
/// whatever relies on how it stands, is conditioned on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effects {
    /// Whose order; an order without a customer earns nothing.
    pub customer_id: Option<Id>,
    /// Of the newest snapshot that says it.
    pub updated_at: Option<DateTime<Utc>>,
    /// Whether the stored order is paid.
    pub paid: bool,
    /// Whether the stored order is cancelled.
    pub cancelled: bool,
    /// What it earned, once it was paid.
    pub earned: Option<Earned>,
    /// How much of that was taken back, or written off because the balance did not hold it.
    pub settled: i64,
    /// The live redemptions, at most [`MAX_OF_ORDER`](super::redemption::MAX_OF_ORDER).
    pub spent: Vec<Spent>,
    /// A digest of the stored body: by it the same snapshot is known when it comes again, and nothing needs to be written.
    pub digest: String,
}

/// What a snapshot is to do to the points of its customer, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// The order earns so many.
    pub buy: Option<i64>,
    /// These redemptions are given back.
    pub returned: Vec<Spent>,
    /// So many are taken back, or as many as are there.
    pub reverse: i64,
}

impl Due {
    /// How many entries that takes at the most.
    pub fn entries(&self) -> usize {
        usize::from(self.buy.is_some()) + self.returned.len() + usize::from(self.reverse > 0)
    }
}

impl Effects {
    /// Whether a snapshot is older than what is stored.
    pub fn outdate(&self, snapshot: &Snapshot) -> bool {
        self.updated_at.is_some_and(|stored| snapshot.updated_at.is_some_and(|sent| sent < stored))
    }

    /// The effects after a snapshot, and what it is to do. `None` where the points would pass every balance.
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
