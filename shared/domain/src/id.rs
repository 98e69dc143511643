//! Ids: positive integers up to 2^53-1, which every JSON client can hold exactly (docs/api/conventions.md).

/// Id of a row, unique for each shop and resource.
pub type Id = u64;

/// Largest id: 2^53-1.
pub const MAX_ID: Id = (1 << 53) - 1;

/// Parses a path segment as an id; `None` if it is not a decimal number from 1 to [`MAX_ID`].
pub fn parse(text: &str) -> Option<Id> {
    let plain = !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain {
        return None;
    }
    text.parse().ok().filter(|id| (1..=MAX_ID).contains(id))
}
