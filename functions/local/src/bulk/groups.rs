//! The rows of a file by the request that takes them: always the same groups of the same file.

use std::collections::HashSet;

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Value, json};

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

pub(super) struct Groups<'a> {
    rows: Rows<'a>,
    most: usize,
    /// So many rows at the beginning are done.
    done: u64,
    only_once: Option<&'static str>,
    /// The ids so far, of which each may stand in one row only: eight bytes and a little for each row.
    seen: HashSet<u64>,
    /// What ended the file behind a group.
    error: Option<BulkError>,
}

impl<'a> Groups<'a> {
    pub(super) fn new(rows: Rows<'a>, most: usize, done: u64, only_once: Option<&'static str>) -> Self {
        Self { rows, most, done, only_once, seen: HashSet::new(), error: None }
    }

    /// The next row that is not done, with an error where its id stood in an earlier one.
    fn row(&mut self) -> Result<Option<Row>, BulkError> {
        while let Some(mut row) = self.rows.next()? {
            if let Some(column) = self.only_once
                && let Some(id) = row.body.as_ref().ok().and_then(|body| id(body.get(column)?))
                && !self.seen.insert(id)
            {
                row.body = Err(json!({ column: ["This id stands in the file already."] }));
            }
            if row.number > self.done {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
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
