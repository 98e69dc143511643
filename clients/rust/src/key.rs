//! Idempotency keys, which make a change happen only once.

use std::fmt;

/// An `Idempotency-Key`. The same change under the same key happens only once within 24 hours, and every repetition
/// gets the first reply. The client makes a key for every change and keeps it across its own retries. Create and store
/// a key yourself for a change that must survive the end of your process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// The error of a text that is no valid idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an Idempotency-Key must have 1 to 255 visible ASCII characters")]
pub struct KeyError;

impl IdempotencyKey {
    /// Returns a new key of 128 random bits.
    pub fn random() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    /// Returns a key with your own text, such as the number of a job.
    ///
    /// # Errors
    /// [`KeyError`] if the server would refuse the key.
    pub fn new(text: impl Into<String>) -> Result<Self, KeyError> {
        let text = text.into();
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text)) } else { Err(KeyError) }
    }

    /// Returns the text of the key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
