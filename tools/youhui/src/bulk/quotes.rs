//! Quotes in CSV that are not as RFC 4180 has them. The csv crate reads on over them: a quote that is never closed takes the
//! rest of the file for one cell, and what follows a closing quote for a part of its cell.

/// What is said of a quote that is never closed.
pub const OPEN: &str = "A quote that opens in this row is not closed: all that follows stands in its cell. Correct it, and give this row \
     and those after it a file of their own.";
/// What is said of a quote that closes before its cell ends.
pub const EARLY: &str = "Text follows a quote that closes in this row: a quote within quotes is written twice, and one that is not \
     closed takes the next row with it. Correct it, and give what stands here a file of its own.";

/// Where a byte of a row stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the beginning of a cell.
    Start,
    /// In a cell without quotes, of which a quote is a part.
    Bare,
    /// In quotes.
    Quoted,
    /// Behind a quote in quotes: it closes them, or is the first half of one that is written twice.
    Quote,
}

/// What is wrong with the quotes of a row, given as it stands in its file. Line ends around it say nothing.
pub fn flaw(row: impl IntoIterator<Item = u8>) -> Option<&'static str> {
    let mut place = Place::Start;
    for byte in row {
        place = match (place, byte) {
            (Place::Quoted, b'"') => Place::Quote,
            (Place::Start | Place::Quote, b'"') | (Place::Quoted, _) => Place::Quoted,
            (_, b',' | b'\r' | b'\n') => Place::Start,
            (Place::Quote, _) => return Some(EARLY),
            (Place::Start | Place::Bare, _) => Place::Bare,
        };
    }
    (place == Place::Quoted).then_some(OPEN)
}
