//! How often and when a request is sent again.

use std::time::Duration;

use rand::Rng;

/// How often a request is sent again where that is safe: every GET, every DELETE, the pricing of a cart, and every change,
/// since it carries an `Idempotency-Key`. Sent again is what was throttled (429), found the service busy (502, 503, 504),
/// came while its own first sending was at work (409 with `Retry-After`), or got no reply at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often it is sent in all; 1 is never again.
    pub attempts: u32,
    /// The first wait is random, up to this; each one after it up to twice as long.
    pub first_wait: Duration,
    /// The most of such a wait.
    pub longest_wait: Duration,
    /// The most that the server may ask for by `Retry-After`. Where it asks for more, the error is returned at once and says
    /// how long.
    pub most_asked: Duration,
}

impl Default for RetryPolicy {
    /// Six sendings, waits up to 0.2, 0.4, 0.8, 1.6 and 3.2 s, or up to half a minute where the server asks for it.
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
    /// Never again.
    pub const NEVER: Self =
        Self { attempts: 1, first_wait: Duration::ZERO, longest_wait: Duration::ZERO, most_asked: Duration::ZERO };

    /// The wait after so many sendings (from 1), or `None` where it is not to be sent again. All of a wait is random, so
    /// that clients who failed together do not come back together; what the server asks for is waited at the least.
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
