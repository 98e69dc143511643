//! Tallies: the number of rows of each class in a bucket.

use crate::{
    Item,
    additions::{Additions, Attribute, CHANGES},
    keys,
    pages::{Class, List, MAX_CLASSES},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::shop::ShopId;

/// Attributes that count the rows, one for each class.
const COUNTERS: [Attribute; MAX_CLASSES] = [
    Attribute { name: "c0", placeholder: ":c0" },
    Attribute { name: "c1", placeholder: ":c1" },
    Attribute { name: "c2", placeholder: ":c2" },
    Attribute { name: "c3", placeholder: ":c3" },
];

/// Type attribute of a tally.
pub(super) const TALLY: &str = "tally";

/// Weight of each class in a sum.
pub type Weights = [i64; MAX_CLASSES];

/// Numbers of rows by class. They are signed, because on one shard of a bucket more rows may leave than arrive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts(pub [i64; MAX_CLASSES]);

impl Counts {
    /// Returns the numbers for `by` rows of one class.
    pub(super) fn of_class(class: Class, by: i64) -> Self {
        let mut counts = Self::default();
        counts.0[usize::from(class)] = by;
        counts
    }

    /// Adds the numbers of another shard, bucket or change.
    pub fn add(&mut self, other: Self) {
        for (mine, others) in self.0.iter_mut().zip(other.0) {
            *mine += others;
        }
    }

    /// Returns these numbers minus `others`.
    #[must_use]
    pub(super) fn less(mut self, others: Self) -> Self {
        for (mine, others) in self.0.iter_mut().zip(others.0) {
            *mine -= others;
        }
        self
    }

    /// Returns the sum over all classes, each number times its weight.
    pub fn weighted(self, weights: Weights) -> i64 {
        self.0.into_iter().zip(weights).map(|(count, weight)| count * weight).sum()
    }

    /// Reads the numbers of a stored tally.
    pub(super) fn of_item(item: &Item) -> Self {
        let mut counts = Self::default();
        for (count, attribute) in counts.0.iter_mut().zip(COUNTERS) {
            if let Some(AttributeValue::N(digits)) = item.get(attribute.name) {
                *count = digits.parse().unwrap_or(0);
            }
        }
        counts
    }

    /// Returns the number of changes of a stored tally.
    pub(super) fn changes_of(item: &Item) -> u64 {
        let digits = item.get(CHANGES).and_then(|value| value.as_n().ok());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }
}

/// The position of a tally among those of its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) level: usize,
    pub(super) parent: u64,
    pub(super) bucket: u64,
}

impl List {
    /// Returns the tallies that count a row at `position`, from the leaves up.
    pub(super) fn places(&self, position: u64) -> impl Iterator<Item = Place> {
        (0..self.shifts.len()).map(move |level| {
            let bucket = self.bucket(level, position);
            Place { level, parent: self.parent(level, bucket), bucket }
        })
    }

    /// Adds to one tally, whatever the tallies above and below it count.
    pub(super) fn add_to_tally(&self, additions: &mut Additions, shop: &ShopId, place: Place, counts: Counts) {
        let Place { level, parent, bucket } = place;
        let key = keys::tally(shop, self.key_name(), level, parent, bucket);
        additions.add(key, TALLY, COUNTERS.into_iter().zip(counts.0));
    }

    /// Adds `by` rows of `class` at `position` on every level; a negative number removes rows.
    pub fn tally(&self, additions: &mut Additions, shop: &ShopId, (position, class): (u64, Class), by: i64) {
        for place in self.places(position) {
            self.add_to_tally(additions, shop, place, Counts::of_class(class, by));
        }
    }

    /// Moves the row at `position` from one class to another.
    pub(crate) fn tally_reclassed(
        &self,
        additions: &mut Additions,
        shop: &ShopId,
        position: u64,
        (from, to): (Class, Class),
    ) {
        self.tally(additions, shop, (position, from), -1);
        self.tally(additions, shop, (position, to), 1);
    }
}
