//! The rows of a file in groups, one group for each request. The same file always gives the same groups.

use std::collections::HashSet;

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Map, Value, json};

use super::{
    BulkError,
    rows::{Row, Rows},
};

/// The approximate memory limit for the rows of a group, in bytes. It keeps a body under the API's 5 MB except for
/// unusual texts.
const MOST_BYTES: usize = 4 << 20;

/// The rows of one request.
#[derive(Debug)]
pub(super) struct Group {
    /// The number of the first row.
    pub(super) first: u64,
    pub(super) rows: Vec<Row>,
}

impl Group {
    /// Removes the identities that rows have from an errors file, so that they count as new (`--anew`).
    pub(super) fn anew(mut self) -> Self {
        self.rows.iter_mut().for_each(|row| row.first = None);
        self
    }
}

pub(super) struct Groups<'a> {
    rows: Rows<'a>,
    most: usize,
    /// The number of rows at the start of the file that are done.
    done: u64,
    only_once: Option<OnlyOnce>,
    /// The ids seen so far, about 10 bytes for each row.
    ids: HashSet<u64>,
    /// The texts seen so far.
    texts: HashSet<String>,
    /// The error that ended the file after the last group.
    error: Option<BulkError>,
}

impl<'a> Groups<'a> {
    pub(super) fn new(rows: Rows<'a>, most: usize, done: u64, only_once: Option<OnlyOnce>) -> Self {
        Self { rows, most, done, only_once, ids: HashSet::new(), texts: HashSet::new(), error: None }
    }

    /// Returns the next row that is not done. The row has an error if it repeats a value that only one row of the file
    /// may have.
    fn row(&mut self) -> Result<Option<Row>, BulkError> {
        while let Some(mut row) = self.rows.next()? {
            if let Ok(body) = &row.body
                && let Some(error) = self.repeated(body)
            {
                row.body = Err(error);
            }
            if row.number > self.done {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// Returns the error of a row that repeats an earlier row.
    fn repeated(&mut self, body: &Map<String, Value>) -> Option<Value> {
        let (column, what, is_new) = match self.only_once? {
            OnlyOnce::Id(column) => (column, "id", self.ids.insert(id(body.get(column)?)?)),
            OnlyOnce::Text(column) => {
                (column, column, self.texts.insert(body.get(column)?.as_str()?.trim().to_owned()))
            }
        };
        (!is_new).then(|| json!({ column: [format!("This {what} is in the file already.")] }))
    }
}

/// A column whose value only one row of the file may have.
#[derive(Debug, Clone, Copy)]
pub(super) enum OnlyOnce {
    /// A column of ids, by its name.
    Id(&'static str),
    /// A column of texts, by its name.
    Text(&'static str),
}

/// Parses an id as the API does.
fn id(value: &Value) -> Option<u64> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let number: Decimal = text.trim().parse().ok()?;
    if number.is_integer() { number.to_u64() } else { None }
}

impl Iterator for Groups<'_> {
    type Item = Result<Group, BulkError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.error.take() {
            return Some(Err(error));
        }
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < self.most && bytes < MOST_BYTES {
            match self.row() {
                Ok(Some(row)) => {
                    bytes += row.bytes;
                    rows.push(row);
                }
                Ok(None) => break,
                Err(error) if rows.is_empty() => return Some(Err(error)),
                Err(error) => {
                    self.error = Some(error);
                    break;
                }
            }
        }
        rows.first().map(|row| row.number).map(|first| Ok(Group { first, rows }))
    }
}
