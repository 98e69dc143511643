//! The check of quotes in CSV against RFC 4180. The csv crate reads across wrong quotes: a quote that is not closed
//! turns the rest of the file into one cell, and a text after a closing quote becomes part of the cell.

/// The error of a row with a quote that is not closed.
pub const OPEN: &str = "A quote that opens in this row is not closed, so everything after it was read as one cell. \
    Correct the quote, and put this row and the rows after it into a file of their own.";
/// The error of a row with a quote that closes before its cell ends.
pub const EARLY: &str = "Text follows a closing quote in this row. A quote inside quotes must be written twice, and a \
    quote that is not closed includes the next row. Correct the quotes, and put these lines into a file of their own.";

/// The state of the check at a byte of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the start of a cell.
    Start,
    /// In a cell without quotes. A quote is part of its text.
    Bare,
    /// In a cell with quotes, before the closing one.
    Quoted,
    /// After a quote inside quotes. It closes them, or is the first half of a doubled quote.
    Quote,
}

/// Returns the error in the quotes of a row. The row is given as the bytes of its file; line ends around it are
/// ignored.
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
