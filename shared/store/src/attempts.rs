//! Bounded attempts at contended work.

use std::time::{Duration, Instant};

use rand::Rng;

use crate::error::Error;

/// How long contended work is tried again before it is a 503.
const PATIENCE: Duration = Duration::from_secs(15);

/// Bounded attempts at contended work: full jitter under a growing ceiling, for [`PATIENCE`] in all.
#[derive(Debug)]
pub struct Attempts {
    began: Instant,
    made: u32,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { began: Instant::now(), made: 0 }
    }
}

impl Attempts {
    /// Waits before the next attempt, or says that there is none.
    pub async fn pause(&mut self) -> Result<(), Error> {
        if self.began.elapsed() > PATIENCE {
            return Err(Error::Unavailable(format!("contended after {} attempts", self.made + 1)));
        }
        let ceiling = (5u64 << self.made.min(6)).min(300);
        self.made += 1;
        let pause = Duration::from_millis(rand::rng().random_range(1..=ceiling));
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// How many there were before this one.
    pub(super) fn made(&self) -> usize {
        self.made as usize
    }
}
