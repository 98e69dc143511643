//! The position of the copy in a list.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The position of the copy in a list.
///
/// The service assigns an id when a request starts to write, and the row exists when the request has written. So a row
/// may appear after another row with a larger id. A request ends within half a minute, and a large issue of codes that
/// was interrupted is finished or undone within a few minutes. So everything below a row that is older than the
/// *margin* is final, and only ids above it must be read again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The id up to which every row is written. No new row appears at or below it.
    pub(crate) settled: u64,
    /// The rows written above `settled`, with the times at which they were created.
    pub(crate) recent: BTreeMap<u64, DateTime<Utc>>,
    /// The valid length of the file, in bytes. Anything after it was written by a process that ended before it saved
    /// its position.
    pub(crate) bytes: u64,
    /// The number of rows when this walk began. Used only for customers.
    pub(crate) count: u64,
    /// True if this walk is finished. Used only for customers.
    pub(crate) ended: bool,
}

impl Place {
    /// Passes the next row, in the order of ids, and returns whether to write it. `made_at` is the time at which the
    /// row was created, or the present time if the row does not have it. `begun` is the start of this walk.
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
