//! Which row of which file a row of an errors file was: by that it counts once, however often it is mended, and wherever.

use std::fmt;

use serde_json::{Map, Value, json};

use super::columns::{ERROR_OF, ERROR_ROW};

/// What an id begins with in the file: a spreadsheet does not take it for a number.
const MARK: &str = "file-";

/// What is said of a row that was mended in two ways.
pub(super) const MENDED: &str = "\
This row was mended and moved in before, with something else in it: it is not moved in again. What it still lacks needs a \
row in a file of its own.";

/// What is said of a row of the first file under whose key a mended one was moved in.
pub(super) const SINCE: &str =
    "This row was refused before, and was mended and moved in since: it is not moved in again, and needs nothing more.";

/// A row of the file that it was refused from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct First {
    /// The id of the file's transfer.
    pub(super) transfer: String,
    /// Its number there.
    pub(super) row: u64,
}

impl First {
    /// What the columns of an errors file say, if there are any.
    pub(super) fn of_cells(header: &[String], cells: &[String]) -> Result<Option<Self>, Value> {
        let cell = |name: &str| header.iter().position(|column| column == name).map(|place| cells[place].trim());
        Self::read(cell(ERROR_OF), cell(ERROR_ROW))
    }

    /// What the fields of a line of an errors file say, if there are any.
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

    /// What the errors file says of it.
    pub(super) fn file(&self) -> String {
        format!("{MARK}{}", self.transfer)
    }
}

/// What is said where it is not what the errors file had.
const CHANGED: &str = "This is not what the errors file had here: it says which row this is.";

impl fmt::Display for First {
    /// The key of what moves it in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.transfer, self.row)
    }
}
