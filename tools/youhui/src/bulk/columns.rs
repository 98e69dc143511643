//! The columns of the files: what is read, written, and shown by `--help`.

/// What a column is for where the file is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It is read, and the file needs it, or another one of the same [`Table::needs`].
    Needed,
    /// It is read where it is there.
    Read,
    /// It is written by an export, and not read.
    Shown,
}

/// What an empty cell of CSV says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// Nothing: as if the column were not there.
    Nothing,
    /// An empty text.
    Blank,
    /// Nothing in a file that has this other column; else an empty text, which the API refuses under the column's own name.
    BlankWithout(&'static str),
    /// Null.
    Null,
}

/// A column of a file.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in CSV and JSON Lines.
    pub name: &'static str,
    /// What it is for.
    pub usage: Use,
    /// What an empty cell says.
    pub empty: Empty,
    /// Whether people write it, so that a spreadsheet could run it as a formula.
    pub text: bool,
    /// Whether it holds long numbers, of which a spreadsheet may have kept the first digits alone.
    pub long: bool,
    /// What it holds.
    pub about: &'static str,
}

impl Column {
    const fn new(name: &'static str, usage: Use, about: &'static str) -> Self {
        Self { name, usage, empty: Empty::Nothing, text: false, long: false, about }
    }

    const fn text(self, empty: Empty) -> Self {
        Self { text: true, empty, ..self }
    }

    const fn empty(self, empty: Empty) -> Self {
        Self { empty, ..self }
    }

    const fn long(self) -> Self {
        Self { long: true, ..self }
    }
}

/// A kind of file.
#[derive(Debug)]
pub struct Table {
    /// What its rows are.
    pub rows: &'static str,
    /// Its columns, in the order in which they are written.
    pub columns: &'static [Column],
    /// Of each of these one column has to be there.
    pub needs: &'static [&'static [&'static str]],
    /// Whether a file may have other columns, which say nothing.
    pub open: bool,
}

impl Table {
    /// A column by its name.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// What an errors file puts before the columns of the input. None of them is a column of the import that reads the file once
/// it is mended.
pub const ERROR_COLUMNS: [&str; 4] = [ERROR_ROW, "error_field", ERROR_MESSAGE, ERROR_OF];
/// The number of the row in the file that it was refused from.
pub(super) const ERROR_ROW: &str = "error_row";
/// What is wrong.
pub(super) const ERROR_MESSAGE: &str = "error_message";
/// Which file that was: with the number it says which row it is, however often it is mended and wherever it is read.
pub(super) const ERROR_OF: &str = "error_of";

use Empty::{Blank, BlankWithout, Nothing, Null};
use Use::{Needed, Read, Shown};

/// Customers: the documented ten fields.
pub static CUSTOMERS: Table = Table {
    rows: "customers",
    columns: &[
        Column::new("id", Needed, "the shop's own id of the customer").long(),
        Column::new("mobile", Read, "up to 32 characters").text(Blank).long(),
        Column::new("full_name", Read, "up to 255 characters").text(Blank),
        Column::new("gender", Read, "up to 16 characters; `unknown` by default").text(Nothing),
        Column::new("email", Read, "up to 254 characters; empty is null").text(Null),
        Column::new("birthday", Read, "YYYY-MM-DD; empty is null").empty(Null),
        Column::new("note", Read, "up to 2,000 characters").text(Blank),
        Column::new("accepts_marketing", Read, "true or false"),
        Column::new("created_at", Read, "an instant; without an offset in the shop's zone"),
        Column::new("updated_at", Read, "an instant; now by default"),
    ],
    needs: &[&["id"]],
    open: false,
};

/// Coupon codes.
pub static CODES: Table = Table {
    rows: "codes",
    columns: &[
        Column::new("id", Shown, "ours"),
        Column::new("code", Needed, "its text, 1 to 64 characters, unique in the shop").text(Nothing).long(),
        Column::new("status", Read, "unused (the default), used, or expired, which is read as unused"),
        Column::new("customer_id", Needed, "whose it is").long(),
        Column::new("coupon_id", Needed, "the coupon; not read where there is a code_prefix"),
        Column::new("code_prefix", Needed, "the coupon by its prefix").text(BlankWithout("coupon_id")),
        Column::new("created_at", Shown, "when it was issued"),
        Column::new("used_at", Read, "when it was used, of a used one; now by default"),
        Column::new("starts_at", Shown, "from when on its rule applies"),
        Column::new("ends_at", Shown, "until when its rule applies"),
        Column::new("title", Shown, "the coupon's, or else the rule's").text(Nothing),
    ],
    needs: &[&["code"], &["customer_id"], &["code_prefix", "coupon_id"]],
    open: false,
};

/// Point balances.
pub static POINTS: Table = Table {
    rows: "points",
    columns: &[
        Column::new("customer_id", Needed, "whose they are").long(),
        Column::new("points", Needed, "how many; an import adds them (below 0: takes them), and 0 is no entry"),
        Column::new("earned_points", Shown, "what counts for the level"),
        Column::new("level_id", Shown, "the level that they give"),
        Column::new("level_title", Shown, "what it is called").text(Nothing),
    ],
    needs: &[&["customer_id"], &["points"]],
    open: false,
};

/// The customers that codes are issued to.
pub static RECEIVERS: Table = Table {
    rows: "customers",
    columns: &[
        Column::new("customer_id", Needed, "who gets a code").long(),
        Column::new("id", Needed, "the same; not read where there is a customer_id").long(),
    ],
    needs: &[&["customer_id", "id"]],
    open: true,
};
