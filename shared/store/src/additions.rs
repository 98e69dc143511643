//! Sums that a transaction changes without a condition, such as tallies.
//!
//! A sum is an item with integer attributes that is stored on several shards ([`ShardedKey`]). Readers add the shards
//! up. A transaction adds to one shard of each sum by `ADD`, so that two transactions never wait for each other's
//! value, and a transaction that conflicts there can use another shard at its next attempt. Each write also counts
//! itself in [`CHANGES`], so that two reads of a sum tell whether it changed in between.

use std::collections::BTreeMap;

use crate::{
    item::{Item, Values, key_attributes, n, s},
    keys::{self, Key, ShardedKey},
};

/// Attribute that counts the writes of a shard.
pub(crate) const CHANGES: &str = "changes";

/// An integer attribute of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribute {
    /// Name of the attribute.
    pub name: &'static str,
    /// Placeholder of the attribute in expressions, such as `:c0`.
    pub placeholder: &'static str,
}

/// The change of one sum.
#[derive(Debug, Clone)]
struct Change {
    kind: &'static str,
    by: BTreeMap<Attribute, i64>,
}

impl Change {
    fn attributes(&self) -> impl Iterator<Item = (Attribute, i64)> {
        self.by.iter().map(|(attribute, by)| (*attribute, *by)).filter(|(_, by)| *by != 0)
    }
}

/// The sums that a transaction changes, each once, however many rows it writes.
#[derive(Debug, Clone, Default)]
pub struct Additions {
    changes: BTreeMap<ShardedKey, Change>,
}

impl Additions {
    /// Adds to attributes of a sum. `kind` is the type attribute of its item.
    pub fn add(&mut self, key: ShardedKey, kind: &'static str, by: impl IntoIterator<Item = (Attribute, i64)>) {
        let change = self.changes.entry(key).or_insert_with(|| Change { kind, by: BTreeMap::new() });
        for (attribute, by) in by {
            *change.by.entry(attribute).or_default() += by;
        }
    }

    /// Returns the number of sums that change.
    pub fn len(&self) -> usize {
        self.changes().count()
    }

    /// Returns true if no sum changes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the sums whose changes do not cancel out.
    fn changes(&self) -> impl Iterator<Item = (&ShardedKey, &Change)> {
        self.changes.iter().filter(|(_, change)| change.attributes().next().is_some())
    }

    /// Returns the same changes in parts of at most `most` sums.
    pub fn chunks(self, most: usize) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut changes = self.changes.into_iter().peekable();
        while changes.peek().is_some() {
            parts.push(Self { changes: changes.by_ref().take(most).collect() });
        }
        parts
    }

    /// Returns the updates on one shard of each sum: key, expression and values.
    pub fn updates(&self, shard: u8) -> impl Iterator<Item = (Key, String, Values)> {
        self.changes().map(move |(key, change)| {
            let mut values = vec![(":type", s(change.kind)), (":one", n(1))];
            let mut adds = vec![format!("#{CHANGES} :one")];
            for (Attribute { name, placeholder }, by) in change.attributes() {
                adds.push(format!("#{name} {placeholder}"));
                values.push((placeholder, n(by)));
            }
            (key.shard(shard), format!("SET #type = :type ADD {}", adds.join(", ")), values)
        })
    }

    /// Returns the sums as new items on their first shard, for a bulk load of sums that are not stored yet.
    pub fn items(&self) -> impl Iterator<Item = Item> {
        self.changes().map(|(key, change)| {
            let mut item = key_attributes(&key.shard(0));
            item.insert(keys::TYPE.to_owned(), s(change.kind));
            item.extend(change.attributes().map(|(attribute, by)| (attribute.name.to_owned(), n(by))));
            item
        })
    }
}
