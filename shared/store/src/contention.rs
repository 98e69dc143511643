//! How far writers keep apart who meet on the newest tallies.
//!
//! A tally has shards, of which the first is enough until transactions meet there. Each meeting doubles the shards that the
//! next transactions choose from, and a while without one halves them. A store remembers that from request to request, so
//! that in a crowd not every one has to meet the others first.

use std::sync::atomic::{AtomicU32, Ordering};

use rand::Rng;

use crate::domain::quota::SHARDS;

/// How many transactions without a meeting halve the shards.
const QUIET: u32 = 16;
/// Where all shards are chosen from.
const MOST: u32 = QUIET * SHARDS.ilog2();

/// What the transactions of a store met lately: each [`QUIET`] of it doubles the shards.
#[derive(Debug, Default)]
pub(super) struct Crowd(AtomicU32);

impl Crowd {
    /// The shard for the tallies of a transaction.
    pub(super) fn shard(&self) -> u8 {
        let doublings = self.0.load(Ordering::Relaxed).div_ceil(QUIET);
        rand::rng().random_range(0..1 << doublings)
    }

    /// A transaction met another.
    pub(super) fn met(&self) {
        self.change(|met| (met + QUIET).min(MOST));
    }

    /// A transaction met none.
    pub(super) fn passed(&self) {
        self.change(|met| met.saturating_sub(1));
    }

    fn change(&self, to: impl Fn(u32) -> u32) {
        // Of two changes at once one may be lost: it is an estimate.
        self.0.store(to(self.0.load(Ordering::Relaxed)), Ordering::Relaxed);
    }
}
