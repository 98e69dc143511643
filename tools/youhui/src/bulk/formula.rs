//! Protection against formulas in CSV. A text that begins like a formula is written with an apostrophe before it, and
//! reading removes that apostrophe. A text that already begins with apostrophes gets one more, so that every text is
//! read as it was written.

/// The first characters of a formula, and those that a spreadsheet takes for one (OWASP, CSV injection), in full-width
/// form too.
const STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

fn is_dangerous(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(STARTS)
}

/// Returns the text of a CSV cell, with an apostrophe if a spreadsheet could run it.
pub fn guarded(text: &str) -> String {
    if is_dangerous(text) { format!("'{text}") } else { text.to_owned() }
}

/// Returns the text that a CSV cell stands for. The reverse of [`guarded`].
pub fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_dangerous(text) => text,
        _ => cell,
    }
}
