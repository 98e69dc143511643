//! The identity of a row in an errors file: the file and the row number that it had first. It makes the row count once
//! in all corrected copies of the errors file.

use std::fmt;

use serde_json::{Map, Value, json};

use super::columns::{ERROR_OF, ERROR_ROW};

/// The prefix of a file id, so that a spreadsheet does not take the id for a number.
const MARK: &str = "file-";

/// The error of a row that was corrected in two ways.
pub(super) const MENDED: &str = "A corrected copy of this row was accepted before, with other contents. It is not \
    done again. Put what is still missing into a row in a file of its own.";

/// The error of a row of the first file after its corrected copy was accepted.
pub(super) const SINCE: &str = "This row was refused before, and a corrected copy of it was accepted since. It is not \
    done again, and needs nothing more.";

/// The row of the original file that a row of an errors file stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowIdentity {
    /// The id of the transfer of the original file.
    pub(super) transfer: String,
    /// The row number in the original file.
    pub(super) row: u64,
}

impl RowIdentity {
    /// Reads the identity from the columns of an errors file. `None` if the file has no such columns.
    pub(super) fn of_cells(header: &[String], cells: &[String]) -> Result<Option<Self>, Value> {
        let cell = |name: &str| header.iter().position(|column| column == name).map(|place| cells[place].trim());
        Self::read(cell(ERROR_OF), cell(ERROR_ROW))
    }

    /// Reads the identity from the fields of a JSON line of an errors file. `None` if the line has no such fields.
    pub(super) fn of_object(object: &Map<String, Value>) -> Result<Option<Self>, Value> {
        let row = object.get(ERROR_ROW).map(Value::to_string);
        Self::read(object.get(ERROR_OF).map(|of| of.as_str().unwrap_or("null")), row.as_deref())
    }

    fn read(of: Option<&str>, row: Option<&str>) -> Result<Option<Self>, Value> {
        let Some(of) = of.filter(|of| !of.is_empty()) else { return Ok(None) };
        let is_id = |id: &&str| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let transfer = of.strip_prefix(MARK).filter(is_id);
        match (transfer, row.and_then(|row| row.parse().ok())) {
            (Some(transfer), Some(row)) => Ok(Some(Self { transfer: transfer.to_owned(), row })),
            (Some(_), None) => Err(json!({ ERROR_ROW: [CHANGED] })),
            (None, _) => Err(json!({ ERROR_OF: [CHANGED] })),
        }
    }

    /// Returns the value of `error_of` in the errors file.
    pub(super) fn file(&self) -> String {
        format!("{MARK}{}", self.transfer)
    }
}

/// The error of a row whose `error_of` or `error_row` was changed.
const CHANGED: &str = "This value was changed. Restore the value that the errors file had here: it identifies the row.";

impl fmt::Display for RowIdentity {
    /// Writes the idempotency key of the row.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.transfer, self.row)
    }
}
