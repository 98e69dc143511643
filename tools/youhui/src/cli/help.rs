//! The texts after the flags in `--help`: examples, the columns of files, and exit codes.

use crate::bulk::columns::{Column, Table, Use};

/// The exit codes of all commands.
const EXITS: &str = "\
Exit codes:
  0  done
  1  failed; it is safe to run the same command again
  2  the command line is wrong
  3  done, except for refused rows";

/// The notes on input files.
const READING: &str = "\
The file:
  .csv or .jsonl, each with .gz or without, or --format; - is standard input. UTF-8. A row has at most 1 MB.
  CSV has a header. Line ends, a byte order mark and quotes may be as spreadsheets write them. A missing column changes
  nothing, and neither does an empty cell, unless its column says otherwise. An apostrophe before text that looks like
  a formula is removed.
  Rows are numbered from 1, without the header and without empty rows, which are ignored.";

/// The notes on refused rows and on interrupted commands.
const RESUMING: &str = "\
Refused rows go to FILE.errors.csv (or .jsonl, as the input): row number, field, message, file, and the row itself.
The other rows are done. Correct that file and import it; it needs no other change. A row counts once, even if two
copies of it are corrected.
The progress is kept in FILE.progress. After a kill, the same command continues there, and no row counts twice,
whenever and wherever the command is run again. --anew treats the file as new.";

fn line(column: &Column) -> String {
    let mark = if column.usage == Use::Needed { '*' } else { ' ' };
    format!("  {:<18}{mark} {}\n", column.name, column.about)
}

/// Returns the columns of a table that have one of these uses, below a title.
fn columns(title: &str, table: &Table, uses: &[Use]) -> String {
    let lines: String = table.columns.iter().filter(|column| uses.contains(&column.usage)).map(line).collect();
    if lines.is_empty() { lines } else { format!("{title}\n{lines}\n") }
}

fn examples(lines: &[&str]) -> String {
    lines.iter().fold("Examples:\n".to_owned(), |text, line| format!("{text}  youhui {line}\n"))
}

/// Returns the end of the help of a command without files.
pub(super) fn plain(lines: &[&str]) -> String {
    noted(lines, "")
}

/// Returns the end of the help of a command without files, with a note.
pub(super) fn noted(lines: &[&str], note: &str) -> String {
    format!("{}\n{note}{}", examples(lines), exits())
}

/// Returns the exit codes of a command that refuses no rows.
fn exits() -> String {
    EXITS.lines().take(4).collect::<Vec<_>>().join("\n")
}

/// Returns the end of the help of the program.
pub(super) fn all(lines: &[&str]) -> String {
    format!("{}\n{EXITS} (import, issue)", examples(lines))
}

/// Returns the end of the help of an import.
pub(super) fn import(table: &Table, lines: &[&str], note: &str) -> String {
    let read = columns("Columns (* is required):", table, &[Use::Needed, Use::Read]);
    let shown = columns("An export has these too; an import ignores them:", table, &[Use::Shown]);
    format!("{}\n{read}{shown}{note}\n{READING}\n\n{RESUMING}\n\n{EXITS}", examples(lines))
}

/// Returns the end of the help of an export.
pub(super) fn export(table: &Table, lines: &[&str]) -> String {
    let written = columns("Columns:", table, &[Use::Needed, Use::Read, Use::Shown]).replace("* ", "  ");
    let note = "The file must not exist, and appears when it is complete; - is standard output. Rows are written as\n\
                they are read. In CSV, text that a spreadsheet would run as a formula gets an apostrophe, which an\n\
                import removes.";
    noted(lines, &format!("{written}{note}\n\n"))
}

/// The note on imports of points.
pub(super) const POINTS: &str = "\
Each row is one ledger entry of kind `manual`. The rows of one customer are done in their order. After a row of a file
was imported, a changed copy under the same name is refused, because its old rows would count again. The level follows
from the imported points, not from the old level.
";

/// The note on imports of codes.
pub(super) const CODES: &str = "\
A code that exists already, with the same customer and coupon, is skipped; if it is used in the file and not in the
shop, it is used in the shop. A used code takes a place and a use within the limits of its rule, even if the rule has
ended. It has no order. A text may be in one row only. A text that a spreadsheet has shortened, such as 2.02611E+11,
is refused.
";

/// The note on imports of customers.
pub(super) const CUSTOMERS: &str = "\
A stored customer is replaced, except for fields that the file does not have. An id may be in one row only. A mobile
is stored as it is written: neither its country format nor its uniqueness is checked. Only a number that a spreadsheet
has shortened, such as 1.39E+10, is refused, because its last digits are lost.
";

/// The note on issues of codes.
pub(super) const ISSUE: &str = "\
Other columns of the file are ignored, so that an export of customers can be used. A customer who is named twice gets
two codes. The codes are written to the file of --to, with the columns of an export of codes. A file that names more
customers than the allocation_limit of the coupon's rule still allows is refused before any code is issued. Each file
needs its own --to.
";

/// The note on the report of liability.
pub(super) const LIABILITY: &str = "\
The first and the last day are shown, and the days between them on which points changed. For each day:
  opening, closing   points of all customers at the start and at the end of the day
  earned             given for orders
  signed             given for sign-ins
  returned           given back for refunded redemptions
  adjusted           given by the merchant; below 0 if taken
  redeemed           spent
  reversed           taken back by orders that were refunded or cancelled
  expired            expired before they were spent

";

/// The note on `expire`.
pub(super) const EXPIRE: &str = "\
coupon_codes:
  rules              price rules whose codes are all stored with their effective status now
  expired, revived   codes that are stored as expired now, or as unused again
  released           uses of codes and rules that orders gave back, because their hold expired
points: customers whose points expired, and the number of points.
In both, the next run continues with what is unfinished, and tries again what failed.

";

/// The note on the report of codes.
pub(super) const CODES_REPORT: &str = "\
The codes of deleted coupons are not shown, and not in the totals. places_left is the number of codes that the
allocation_limit of the coupon's rule still allows. Empty (null in JSON) means no limit.

";

/// Returns the end of the help of `issue`.
pub(super) fn issue(table: &Table, lines: &[&str]) -> String {
    import(table, lines, ISSUE)
        .replace("FILE.errors", "TO.issue.errors")
        .replace("FILE.progress", "TO.issue.progress")
        .replace("import it;", "issue from it, with another --to;")
}
