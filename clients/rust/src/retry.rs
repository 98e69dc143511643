//! The retry policy: the number of attempts, and the waits between them.

use std::time::Duration;

use rand::Rng;

/// The retry policy of requests that are safe to repeat: every GET, every DELETE, the pricing of a cart, and every
/// change, because it carries an `Idempotency-Key`. A request is repeated if it was throttled (429), if the service was
/// busy (502, 503, 504), if its own first attempt was still running (409 with `Retry-After`), or if it got no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The total number of attempts; 1 means no retry.
    pub attempts: u32,
    /// The upper bound of the first wait, which is random. The bound doubles for each further wait.
    pub first_wait: Duration,
    /// The largest upper bound of a random wait.
    pub longest_wait: Duration,
    /// The longest `Retry-After` that the client follows. If the server asks for more, the error is returned at once,
    /// with that time.
    pub most_asked: Duration,
}

impl Default for RetryPolicy {
    /// Six attempts, with waits up to 0.2, 0.4, 0.8, 1.6 and 3.2 s, or up to 30 s more if the server asks for it.
    fn default() -> Self {
        Self {
            attempts: 6,
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(5),
            most_asked: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// A policy without retries.
    pub const NEVER: Self =
        Self { attempts: 1, first_wait: Duration::ZERO, longest_wait: Duration::ZERO, most_asked: Duration::ZERO };

    /// Returns the wait after this many attempts (from 1), or `None` if the request is not repeated. The wait is random
    /// from 0, so that clients that failed together do not return together. The time that the server asks for is added.
    pub fn wait(&self, sent: u32, asked: Option<Duration>, random: &mut impl Rng) -> Option<Duration> {
        if sent >= self.attempts || asked.is_some_and(|asked| asked > self.most_asked) {
            return None;
        }
        let doubled = self.first_wait.saturating_mul(2u32.saturating_pow(sent.saturating_sub(1)));
        let most = doubled.min(self.longest_wait);
        let share = random.random_range(0.0..=1.0);
        Some(asked.unwrap_or_default() + most.mul_f64(share))
    }
}
