//! How far a list has been copied.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How far a list has been copied.
///
/// The service gives an id when a request begins to write, and the row is there when it has written: a row can come to be
/// after one with a larger id. A request ends within half a minute, and a large issue of codes that was cut short is finished
/// or undone within a few. So what lies below a row that was made longer ago than the *margin* is final, and only what lies
/// above it has to be looked at again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Up to this id all that there will ever be is written.
    pub(crate) settled: u64,
    /// What is written beyond it, and when it was made.
    pub(crate) recent: BTreeMap<u64, DateTime<Utc>>,
    /// How much of the file counts. What comes after it was written by a process that ended before it could say so.
    pub(crate) bytes: u64,
    /// How many rows there were when this walk began; of customers alone.
    pub(crate) count: u64,
    /// Whether this walk has come to its end; of customers alone.
    pub(crate) ended: bool,
}

impl Place {
    /// Passes a row, in the order of ids, and says whether it is to be written. `made_at` is when the row was made, or, where it
    /// does not say so, now; `begun` is when this walk began.
    pub(crate) fn pass(&mut self, id: u64, made_at: DateTime<Utc>, begun: DateTime<Utc>, margin: TimeDelta) -> bool {
        let is_new = id > self.settled && !self.recent.contains_key(&id);
        let made_at = *self.recent.entry(id).or_insert(made_at);
        if made_at + margin <= begun {
            self.settled = self.settled.max(id);
            self.recent = self.recent.split_off(&self.settled.saturating_add(1));
        }
        is_new
    }
}
