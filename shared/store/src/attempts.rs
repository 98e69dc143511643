//! Bounded retries under contention.

use std::time::{Duration, Instant};

use rand::Rng;

use domain::error::Error;

/// Time after which contended work is no longer retried and becomes a 503.
const PATIENCE: Duration = Duration::from_secs(15);

/// Counter of bounded retries. The pauses have full jitter under a ceiling that doubles from 5 ms to 300 ms; the
/// retries end after [`PATIENCE`] (15 s) in all.
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
    /// Waits before the next attempt.
    ///
    /// # Errors
    /// [`Error::Unavailable`] once [`PATIENCE`] has passed.
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

    /// Returns the number of attempts before this one.
    pub fn made(&self) -> usize {
        self.made as usize
    }
}
