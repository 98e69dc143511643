//! Tallies: how many rows of each class a bucket has.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Class, List, MAX_CLASSES};
use crate::{
    domain::shop::ShopId,
    table::{
        Item,
        keys::{self, Key, ListName},
        transaction::{MAX_ITEMS, Values, n, s},
    },
};

/// The attribute of each class, and its placeholder in expressions.
const COUNTERS: [(&str, &str); MAX_CLASSES] = [("c0", ":c0"), ("c1", ":c1"), ("c2", ":c2"), ("c3", ":c3")];

/// The attribute that counts the changes of a tally, so that two readings tell whether there was one in between.
const CHANGES: &str = "changes";

/// The type attribute of a tally.
pub(super) const TALLY: &str = "tally";

/// How often each counter counts.
pub type Weights = [i64; MAX_CLASSES];

/// Rows by class. Signed: one shard of a bucket may have seen more rows go than come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts(pub [i64; MAX_CLASSES]);

impl Counts {
    /// Adds another shard, bucket or change.
    pub fn add(&mut self, other: Self) {
        for (mine, others) in self.0.iter_mut().zip(other.0) {
            *mine += others;
        }
    }

    /// What is left without others.
    #[must_use]
    pub(super) fn less(mut self, others: Self) -> Self {
        for (mine, others) in self.0.iter_mut().zip(others.0) {
            *mine -= others;
        }
        self
    }

    /// The sum of all counters, each times its weight.
    pub fn weighted(self, weights: Weights) -> i64 {
        self.0.into_iter().zip(weights).map(|(count, weight)| count * weight).sum()
    }

    /// What a stored tally holds.
    pub(super) fn of_item(item: &Item) -> Self {
        let mut counts = Self::default();
        for (count, (attribute, _)) in counts.0.iter_mut().zip(COUNTERS) {
            if let Some(AttributeValue::N(digits)) = item.get(attribute) {
                *count = digits.parse().unwrap_or(0);
            }
        }
        counts
    }

    /// How often a stored tally was changed.
    pub(super) fn changes_of(item: &Item) -> u64 {
        let digits = item.get(CHANGES).and_then(|value| value.as_n().ok());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    /// As attributes of a stored tally.
    pub(super) fn attributes(self) -> impl Iterator<Item = (&'static str, AttributeValue)> {
        let present = self.0.into_iter().zip(COUNTERS).filter(|(count, _)| *count != 0);
        present.map(|(count, (attribute, _))| (attribute, n(count)))
    }
}

/// Where a tally stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) shop: ShopId,
    pub(super) list: ListName,
    pub(super) level: usize,
    pub(super) parent: u64,
    pub(super) bucket: u64,
}

impl Place {
    pub(super) fn key(&self, shard: u8) -> Key {
        keys::tally(&self.shop, self.list, self.level, self.parent, self.bucket, shard)
    }
}

/// What a transaction changes in tallies: each bucket once, however many rows it concerns.
#[derive(Debug, Clone, Default)]
pub struct Tallies {
    changes: BTreeMap<Place, Counts>,
}

impl Tallies {
    /// Counts `by` rows of `class` at `position` in or out, on every level.
    pub fn count(&mut self, shop: &ShopId, list: &List, position: u64, class: Class, by: i64) {
        let mut change = Counts::default();
        change.0[usize::from(class)] += by;
        for level in 0..list.shifts.len() {
            let bucket = list.bucket(level, position);
            let parent = list.parent(level, bucket);
            let place = Place { shop: shop.clone(), list: list.key_name(), level, parent, bucket };
            self.changes.entry(place).or_default().add(change);
        }
    }

    /// Changes one tally, whatever those above and below it say.
    pub(super) fn lack(&mut self, place: &Place, counts: Counts) {
        self.changes.entry(place.clone()).or_default().add(counts);
    }

    /// The same changes, as many in each as fit into a transaction.
    pub(super) fn apart(&self) -> Vec<Self> {
        let changes: Vec<_> = self.changes().map(|(place, counts)| (place.clone(), counts)).collect();
        changes.chunks(MAX_ITEMS).map(|chunk| Self { changes: chunk.iter().cloned().collect() }).collect()
    }

    /// Counts the row at `position` out of one class and into another.
    pub fn reclass(&mut self, shop: &ShopId, list: &List, position: u64, (from, to): (Class, Class)) {
        self.count(shop, list, position, from, -1);
        self.count(shop, list, position, to, 1);
    }

    /// How many items change.
    pub fn len(&self) -> usize {
        self.changes().count()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn changes(&self) -> impl Iterator<Item = (&Place, Counts)> {
        self.changes.iter().map(|(place, counts)| (place, *counts)).filter(|(_, counts)| *counts != Counts::default())
    }

    /// The updates, on one shard of each bucket: key, expression and values.
    pub(in crate::table) fn updates(&self, shard: u8) -> impl Iterator<Item = (Key, String, Values)> {
        self.changes().map(move |(place, counts)| {
            let changed = counts.0.into_iter().zip(COUNTERS).filter(|(count, _)| *count != 0);
            let mut values = vec![(":type", s(TALLY)), (":one", n(1))];
            let mut adds = vec![format!("#{CHANGES} :one")];
            for (count, (attribute, placeholder)) in changed {
                adds.push(format!("#{attribute} {placeholder}"));
                values.push((placeholder, n(count)));
            }
            (place.key(shard), format!("SET #type = :type ADD {}", adds.join(", ")), values)
        })
    }
}
