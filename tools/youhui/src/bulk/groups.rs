//! The rows of a file by the request that takes them: always the same groups of the same file.

use std::collections::HashSet;

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Map, Value, json};

use super::{
    BulkError,
    rows::{Row, Rows},
};

/// The most memory that the rows of a group take, about; so a body stays within the API's 5 MB but for odd texts.
const MOST_BYTES: usize = 4 << 20;

/// Rows that go together.
#[derive(Debug)]
pub(super) struct Group {
    /// The number of the first one.
    pub(super) first: u64,
    pub(super) rows: Vec<Row>,
}

impl Group {
    /// The same, of a file that counts anew: then its rows do too, whatever was moved in of them before.
    pub(super) fn anew(mut self) -> Self {
        self.rows.iter_mut().for_each(|row| row.first = None);
        self
    }
}

pub(super) struct Groups<'a> {
    rows: Rows<'a>,
    most: usize,
    /// So many rows at the beginning are done.
    done: u64,
    only_once: Option<OnlyOnce>,
    /// The ids so far: eight bytes and a little for each row.
    ids: HashSet<u64>,
    /// The texts so far.
    texts: HashSet<String>,
    /// What ended the file behind a group.
    error: Option<BulkError>,
}

impl<'a> Groups<'a> {
    pub(super) fn new(rows: Rows<'a>, most: usize, done: u64, only_once: Option<OnlyOnce>) -> Self {
        Self { rows, most, done, only_once, ids: HashSet::new(), texts: HashSet::new(), error: None }
    }

    /// The next row that is not done, with an error where what may stand in one row only stood in an earlier one.
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

    /// What is wrong with a row that repeats an earlier one.
    fn repeated(&mut self, body: &Map<String, Value>) -> Option<Value> {
        let (column, what, is_new) = match self.only_once? {
            OnlyOnce::Id(column) => (column, "id", self.ids.insert(id(body.get(column)?)?)),
            OnlyOnce::Text(column) => {
                (column, column, self.texts.insert(body.get(column)?.as_str()?.trim().to_owned()))
            }
        };
        (!is_new).then(|| json!({ column: [format!("This {what} stands in the file already.")] }))
    }
}

/// What may stand in one row of a file only.
#[derive(Debug, Clone, Copy)]
pub(super) enum OnlyOnce {
    /// The id in this column.
    Id(&'static str),
    /// The text in this column.
    Text(&'static str),
}

/// An id as the API reads it.
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
