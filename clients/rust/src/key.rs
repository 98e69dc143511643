//! Keys that make a change happen once.

use std::fmt;

/// An `Idempotency-Key`: the same change under the same key happens once within 24 hours, and is answered again with its
/// first reply. The client makes one for every change and keeps it across its own retries; make and store one yourself
/// where a change must survive the end of your process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// What cannot be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an Idempotency-Key has 1 to 255 visible ASCII characters")]
pub struct KeyError;

impl IdempotencyKey {
    /// A key that nobody else has: 128 random bits.
    pub fn random() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    /// A key of your own, such as the number of a job.
    ///
    /// # Errors
    /// Where the server would refuse it.
    pub fn new(text: impl Into<String>) -> Result<Self, KeyError> {
        let text = text.into();
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text)) } else { Err(KeyError) }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
