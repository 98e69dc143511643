//! The columns of the files: the input of imports, the output of exports, and the text of `--help`.

/// The role of a column in an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// The column is read. The file needs it, or another column of the same group in [`Table::needs`].
    Needed,
    /// The column is read if the file has it.
    Read,
    /// The column is written by an export and ignored by an import.
    Shown,
}

/// The meaning of an empty cell of CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// No value, as if the column were missing.
    Nothing,
    /// An empty text, which replaces a stored text.
    Blank,
    /// No value if the file has this other column. Otherwise an empty text, which the API refuses under the column's
    /// own name.
    BlankWithout(&'static str),
    /// JSON null, which clears the stored value.
    Null,
}

/// A column of a file.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The name of the column in CSV and JSON Lines.
    pub name: &'static str,
    /// The role of the column in an import.
    pub usage: Use,
    /// The meaning of an empty cell.
    pub empty: Empty,
    /// True if people write the text, so that a spreadsheet could run it as a formula.
    pub text: bool,
    /// True if the column holds long numbers, of which a spreadsheet may have kept the first digits only.
    pub long: bool,
    /// The description in `--help`.
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

/// The columns of one kind of file.
#[derive(Debug)]
pub struct Table {
    /// The name of the rows, such as `customers`.
    pub rows: &'static str,
    /// The columns, in the order of an export.
    pub columns: &'static [Column],
    /// Groups of columns. The file needs one column of each group.
    pub needs: &'static [&'static [&'static str]],
    /// True if a file may have other columns, which are ignored.
    pub open: bool,
}

impl Table {
    /// Returns a column by its name.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// The columns that an errors file has before the columns of the input. No import has a column with such a name, so
/// that a corrected errors file can be imported.
pub const ERROR_COLUMNS: [&str; 4] = [ERROR_ROW, "error_field", ERROR_MESSAGE, ERROR_OF];
/// The number of the refused row in the file that it came from.
pub(super) const ERROR_ROW: &str = "error_row";
/// The error message of the refused row.
pub(super) const ERROR_MESSAGE: &str = "error_message";
/// The id of the file that the row came from. With the row number it identifies the row in every copy of an errors
/// file.
pub(super) const ERROR_OF: &str = "error_of";

use Empty::{Blank, BlankWithout, Nothing, Null};
use Use::{Needed, Read, Shown};

/// The columns of a file of customers: the ten documented fields.
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
        Column::new("created_at", Read, "a time; without an offset, in the shop's zone"),
        Column::new("updated_at", Read, "a time; now by default"),
    ],
    needs: &[&["id"]],
    open: false,
};

/// The columns of a file of coupon codes.
pub static CODES: Table = Table {
    rows: "codes",
    columns: &[
        Column::new("id", Shown, "assigned by the service"),
        Column::new("code", Needed, "the text: 1 to 64 characters, unique in the shop").text(Nothing).long(),
        Column::new("status", Read, "unused (the default), used, or expired, which is read as unused"),
        Column::new("customer_id", Needed, "the customer who owns it").long(),
        Column::new("coupon_id", Needed, "the coupon; ignored if there is a code_prefix"),
        Column::new("code_prefix", Needed, "the prefix of the coupon").text(BlankWithout("coupon_id")),
        Column::new("created_at", Shown, "when it was issued"),
        Column::new("used_at", Read, "when it was used, if it is used; now by default"),
        Column::new("starts_at", Shown, "when its rule starts"),
        Column::new("ends_at", Shown, "when its rule ends"),
        Column::new("title", Shown, "the title of the coupon, or else of its rule").text(Nothing),
    ],
    needs: &[&["code"], &["customer_id"], &["code_prefix", "coupon_id"]],
    open: false,
};

/// The columns of a file of point balances.
pub static POINTS: Table = Table {
    rows: "points",
    columns: &[
        Column::new("customer_id", Needed, "the customer who owns them").long(),
        Column::new("points", Needed, "the number; an import adds it (takes it if below 0), and 0 writes no entry"),
        Column::new("earned_points", Shown, "the points that count for the level"),
        Column::new("level_id", Shown, "the level for earned_points"),
        Column::new("level_title", Shown, "the name of the level").text(Nothing),
    ],
    needs: &[&["customer_id"], &["points"]],
    open: false,
};

/// The columns of a file of customers to whom codes are issued.
pub static RECEIVERS: Table = Table {
    rows: "customers",
    columns: &[
        Column::new("customer_id", Needed, "the customer who gets a code").long(),
        Column::new("id", Needed, "the same; ignored if there is a customer_id").long(),
    ],
    needs: &[&["customer_id", "id"]],
    open: true,
};

/// True for a column that an errors file has beside those of the file that it came from.
pub(super) fn is_error_column(name: &str) -> bool {
    ERROR_COLUMNS.contains(&name)
}
