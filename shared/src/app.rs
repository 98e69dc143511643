//! What a running function holds.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Duration, SubsecRound, Utc};

use crate::{
    http::access::Callers,
    table::{automatic_rules::AutomaticRules, store::Store},
};

/// What time it is for the requests of an app: the system's time, and as much later as a test has moved it. What only
/// keeps the machinery going (leases, time-outs, tokens) follows the system's own.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Microseconds.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// Now, to the microsecond: that is what replies show, so it is what is stored.
    pub fn now(&self) -> DateTime<Utc> {
        (Utc::now() + Duration::microseconds(self.ahead.load(Ordering::SeqCst))).trunc_subsecs(6)
    }

    /// Moves the time on, for this clock and its clones. For tests of days and months.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
    }
}

/// Made once in init; cheap to clone for each request.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub store: Store,
    /// The tokens that this instance has read.
    pub callers: Callers,
    /// What time it is.
    pub clock: Clock,
    /// The automatic price rules that this instance has read.
    pub automatic_rules: AutomaticRules,
}

impl App {
    /// An app over this store.
    pub fn new(store: Store) -> Self {
        Self { store, callers: Callers::default(), automatic_rules: AutomaticRules::default(), clock: Clock::default() }
    }
}
