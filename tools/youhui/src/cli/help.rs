//! What `--help` teaches: examples, the columns of files, exit codes.

use crate::bulk::columns::{Column, Table, Use};

/// How a command ends.
const EXITS: &str = "\
Exit codes:
  0  done
  1  failed; the same command again is safe
  2  the command line is wrong
  3  done, but for rows that were refused";

/// The notes of files that are read.
const READING: &str = "\
The file:
  .csv, .jsonl, each with .gz or without, or --format; - is standard input. UTF-8. A row has 1 MB at the most.
  CSV has a header; line ends, a byte order mark and quotes are as spreadsheets write them. A column that is left out says
  nothing; so does an empty cell, where its column says no other. An apostrophe before what looks like a formula is taken away.
  Rows are numbered from 1, without the header and without empty rows, which say nothing.";

/// How reading goes on.
const RESUMING: &str = "\
Refused rows go to FILE.errors.csv (of JSON Lines: .jsonl): row, field, message, file, and the row itself. The rest goes on. Mend
that file and import it; it needs no other change.
Where it is mended twice its rows count once. How far it has come is kept in FILE.progress: after a kill the same command goes
on there, and no row counts twice, whenever and wherever it is run again. --anew takes the file for one that was never moved in.";

fn line(column: &Column) -> String {
    let mark = if column.usage == Use::Needed { '*' } else { ' ' };
    format!("  {:<18}{mark} {}\n", column.name, column.about)
}

/// The columns of a table that have these uses.
fn columns(title: &str, table: &Table, uses: &[Use]) -> String {
    let lines: String = table.columns.iter().filter(|column| uses.contains(&column.usage)).map(line).collect();
    if lines.is_empty() { lines } else { format!("{title}\n{lines}\n") }
}

fn examples(lines: &[&str]) -> String {
    lines.iter().fold("Examples:\n".to_owned(), |text, line| format!("{text}  youhui {line}\n"))
}

/// The end of the help of a command that has no files of its own.
pub(super) fn plain(lines: &[&str]) -> String {
    noted(lines, "")
}

/// The same, with what is to be known of the command.
pub(super) fn noted(lines: &[&str], note: &str) -> String {
    format!("{}\n{note}{}", examples(lines), exits())
}

/// Those of a command that refuses no rows.
fn exits() -> String {
    EXITS.lines().take(4).collect::<Vec<_>>().join("\n")
}

/// The end of the help of all commands.
pub(super) fn all(lines: &[&str]) -> String {
    format!("{}\n{EXITS} (import, issue)", examples(lines))
}

/// The end of the help of an import.
pub(super) fn import(table: &Table, lines: &[&str], note: &str) -> String {
    let read = columns("Columns (* is needed):", table, &[Use::Needed, Use::Read]);
    let shown = columns("An export has these too; they are not read:", table, &[Use::Shown]);
    format!("{}\n{read}{shown}{note}\n{READING}\n\n{RESUMING}\n\n{EXITS}", examples(lines))
}

/// The end of the help of an export.
pub(super) fn export(table: &Table, lines: &[&str]) -> String {
    let written = columns("Columns:", table, &[Use::Needed, Use::Read, Use::Shown]).replace("* ", "  ");
    let note = "The file is not there before, and is in its place when it is whole; - is standard output. Rows are as they were when\n\
                they were read. In CSV what a spreadsheet would run as a formula gets an apostrophe, which an import takes away.";
    noted(lines, &format!("{written}{note}\n\n"))
}

/// What is to be known of points.
pub(super) const POINTS: &str = "\
Each row is one entry of kind `manual`. Rows of one customer are carried out in their order. A file of which a row was moved in
is known for good: a changed copy of it under the same name is refused, since its old rows would count again. The level follows
from what is imported, not from the old level.
";

/// What is to be known of codes.
pub(super) const CODES: &str = "\
A code that is there already, of the same customer and coupon, is passed over; one that is used in the file, and not here, is used
here. A used code takes its place and its use, within the limits, also where its rule has ended; it has no order. A text may
stand in one row only. One that a spreadsheet has shortened, such as 2.02611E+11, is refused.
";

/// What is to be known of customers.
pub(super) const CUSTOMERS: &str = "\
What is there is replaced, but for what the file says nothing of. An id may stand in one row only. A mobile is kept as it is
written: whether it is a number of some country, and whether others have it too, is not looked at. Only what a spreadsheet has
shortened, such as 1.39E+10, is refused: its last digits are lost.
";

/// What is to be known of an issue.
pub(super) const ISSUE: &str = "\
Other columns of the file are passed over: an export of customers will do. A customer who is named twice gets two codes. The
codes are written to the file of --to, in the columns of an export of codes. A file that names more customers than places
are left of the allocation_limit of the coupon's rule is refused before anything is issued. Each file wants a --to of its own.
";

/// What is to be known of a report of liabilities.
pub(super) const LIABILITY: &str = "\
The first and the last day are shown, and of those between them the ones on which points changed. Of each:
  opening, closing   what all customers had when the day began and ended
  earned             given by orders
  signed             given for signing in
  returned           given back, of redemptions
  adjusted           given by the merchant; below 0 taken
  redeemed           spent
  reversed           taken back, by orders that were refunded or cancelled
  expired            not spent in time

";

/// What is to be known of `expire`.
pub(super) const EXPIRE: &str = "\
Of the coupon codes:
  rules              price rules whose codes are all stored as they are seen now
  expired, revived   codes that are stored as expired, or as unused again, from now on
  released           uses of codes and rules that orders have given back, since their hold had ended
Of the points: customers of whom points expired, and how many points.
Of both: unfinished, what the next run goes on with, and failed, what it tries again.

";

/// What is to be known of a report of codes.
pub(super) const CODES_REPORT: &str = "\
The codes of a coupon that was deleted are left out, also of the totals. places_left is how many more codes the allocation_limit
of the coupon's rule allows. Empty (null in JSON) is no limit.

";

/// The end of the help of `issue`.
pub(super) fn issue(table: &Table, lines: &[&str]) -> String {
    import(table, lines, ISSUE)
        .replace("FILE.errors", "TO.issue.errors")
        .replace("FILE.progress", "TO.issue.progress")
        .replace("import it;", "issue from it, with another --to;")
}
