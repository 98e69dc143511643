//! Texts that a spreadsheet would run: what begins like a formula gets an apostrophe before it in CSV, and reading takes just
//! that apostrophe away again. A text that has apostrophes there already gets one more, so that every text comes back as it was.

/// What a formula begins with, or what a spreadsheet takes for it (OWASP, CSV injection), full-width forms too.
const STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

fn is_dangerous(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(STARTS)
}

/// The text as it stands in a cell.
pub fn guarded(text: &str) -> String {
    if is_dangerous(text) { format!("'{text}") } else { text.to_owned() }
}

/// The text of a cell.
pub fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_dangerous(text) => text,
        _ => cell,
    }
}
