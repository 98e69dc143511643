//! Spread of concurrent writers over the shards of a tally.
//!
//! Transactions use the first shard of each tally until they conflict there. Each conflict doubles the number of shards
//! from which the next transactions choose, and a period without conflicts halves it. A store remembers this between
//! requests, so that not every request has to run into a conflict first.

use std::sync::atomic::{AtomicU32, Ordering};

use rand::Rng;

use domain::quota::SHARDS;

/// Number of transactions without a conflict that halves the number of shards.
const QUIET: u32 = 16;
/// Largest level of contention; transactions then choose from all shards.
const MOST: u32 = QUIET * SHARDS.ilog2();

/// Level of contention that the transactions of a store met lately. Each [`QUIET`] of the level doubles the number of
/// shards.
#[derive(Debug, Default)]
pub(crate) struct Contention(AtomicU32);

impl Contention {
    /// Returns the shard for the tallies of a transaction.
    pub(crate) fn shard(&self) -> u8 {
        let doublings = self.0.load(Ordering::Relaxed).div_ceil(QUIET);
        rand::rng().random_range(0..1 << doublings)
    }

    /// Records a transaction that met a conflict.
    pub(crate) fn conflicted(&self) {
        self.change(|met| (met + QUIET).min(MOST));
    }

    /// Records a transaction that met no conflict.
    pub(crate) fn succeeded(&self) {
        self.change(|met| met.saturating_sub(1));
    }

    fn change(&self, to: impl Fn(u32) -> u32) {
        // One of two concurrent changes may be lost; the level is only an estimate.
        self.0.store(to(self.0.load(Ordering::Relaxed)), Ordering::Relaxed);
    }
}
