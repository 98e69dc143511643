//! Ids, as `readings.md` gives them: positive integers up to 2^53-1, which every JSON client can hold exactly.

/// An id of a row, per shop and resource.
pub type Id = u64;

/// The largest id: 2^53-1.
pub const MAX_ID: Id = (1 << 53) - 1;

/// The id that a path segment names, if it names one.
pub fn parse(text: &str) -> Option<Id> {
    let plain = !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain {
        return None;
    }
    text.parse().ok().filter(|id| (1..=MAX_ID).contains(id))
}
