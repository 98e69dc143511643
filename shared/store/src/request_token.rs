//! Request tokens of transactions. A transaction that is sent again with its token happens at most once, as long as the
//! store remembers the token.

use std::time::{Duration, SystemTime};

/// Time for which a token is trusted. DynamoDB remembers it for ten minutes; the last minute is left for calls that are
/// under way.
const REMEMBERED: Duration = Duration::from_mins(9);

/// The token of one transaction, and the outcomes of its sends so far.
#[derive(Debug)]
pub struct RequestToken {
    text: String,
    first_sent: SystemTime,
    unheard: bool,
    broke_off: bool,
}

impl RequestToken {
    /// Returns a new token. `now` is the time of the first send, by the clock of the day: it continues while a machine
    /// sleeps, which the clock behind `Instant` does not.
    pub fn new(now: SystemTime) -> Self {
        let text = format!("{:032x}", rand::random::<u128>());
        Self { text, first_sent: now, unheard: false, broke_off: false }
    }

    /// Returns the text of the token.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Notes a send with an unknown outcome. `broke_off` is true if its connection broke.
    pub fn unheard(&mut self, broke_off: bool) {
        self.unheard = true;
        self.broke_off |= broke_off;
    }

    /// Returns true if the outcome of an earlier send is unknown.
    pub fn is_unheard(&self) -> bool {
        self.unheard
    }

    /// Returns true if the store still remembers the token, so that the transaction may be sent again.
    pub fn is_remembered(&self, now: SystemTime) -> bool {
        // A clock that was set back says nothing: the age counts as none.
        now.duration_since(self.first_sent).unwrap_or_default() < REMEMBERED
    }

    /// Returns true if a failed condition proves that the transaction did not happen.
    ///
    /// A store that remembers the token answers a transaction that happened with its success, and never with a failed
    /// condition. But a store that has forgotten the token executes the transaction anew. An earlier send that did
    /// happen then fails its own conditions: the row that must be absent is its own row. A store forgets the token after
    /// ten minutes. One on this machine also forgets it when its process ends, which breaks the connection.
    pub fn proves_refusal(&self, now: SystemTime) -> bool {
        !self.unheard || !self.broke_off && self.is_remembered(now)
    }
}
