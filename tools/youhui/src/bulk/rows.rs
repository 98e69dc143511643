//! The rows of a file, read one after the other, with the errors that are found before the API sees them.

use std::{
    fmt::Display,
    io::{self, BufRead},
    ops::RangeInclusive,
};

use indicatif::ProgressBar;
use serde_json::{Map, Value, json};
use shared::http::json;

use super::{
    BulkError, Format, at,
    columns::{Column, ERROR_MESSAGE, Empty, Table, Use, is_error_column},
    formula, header,
    records::{HOPELESS, Records, hopeless},
    row_identity::RowIdentity,
    shortened,
    source::Source,
};

/// The longest row that is accepted, in bytes. A longer row is refused.
const LONGEST: usize = 1 << 20;

/// A row of a file.
#[derive(Debug)]
pub(super) struct Row {
    /// The row number, from 1, without the header.
    pub(super) number: u64,
    /// The body for the API, or the error in the API's format.
    pub(super) body: Result<Map<String, Value>, Value>,
    /// The row as it is in the file, for the errors file.
    pub(super) original: Original,
    /// The identity of a row from an errors file.
    pub(super) first: Option<RowIdentity>,
    /// The approximate memory that the row takes, in bytes.
    pub(super) bytes: usize,
}

impl Row {
    /// Returns the identity of the row in this transfer: the row itself, or the original row of an errors file.
    pub(super) fn counts_as(&self, transfer: &str) -> RowIdentity {
        self.first.clone().unwrap_or_else(|| RowIdentity { transfer: transfer.to_owned(), row: self.number })
    }
}

/// A row as it is in its file.
#[derive(Debug)]
pub(super) enum Original {
    /// The cells of a CSV row, as many as the header has.
    Cells(Vec<String>),
    /// The object of a JSON line.
    Object(Map<String, Value>),
    /// The cells of the row are not known. An errors file must not show them under its columns, because they could be
    /// in the wrong one.
    Untold,
}

/// The parts of a row that was read.
struct Read {
    body: Result<Map<String, Value>, Value>,
    original: Original,
    first: Option<RowIdentity>,
    bytes: usize,
}

impl Read {
    /// Returns a row of which only the line numbers are known.
    fn untold(lines: &RangeInclusive<u64>, what: impl Display) -> Self {
        let (first, last) = (lines.start(), lines.end());
        let place = if first == last { format!("Line {first}") } else { format!("Lines {first} to {last}") };
        Self::untold_because(format!("{place}: {what}"))
    }

    fn untold_because(why: String) -> Self {
        Self { body: Err(wrong_row(why)), original: Original::Untold, first: None, bytes: 0 }
    }

    /// Adds the identity from an errors file. If the identity cannot be read, the row is refused, because it could
    /// count twice.
    fn of_first(mut self, first: Result<Option<RowIdentity>, Value>) -> Self {
        match first {
            Ok(first) => self.first = first,
            Err(error) => self.body = Err(error),
        }
        self
    }
}

/// Returns an error that belongs to a whole row.
fn wrong_row(message: String) -> Value {
    json!({ "non_field_errors": [message] })
}

/// The reader of a file's rows.
pub(super) struct Rows<'a> {
    source: &'a Source,
    table: &'static Table,
    /// The names of the columns of CSV.
    pub(super) header: Vec<String>,
    lines: Lines,
    number: u64,
}

enum Lines {
    Csv(Box<Records>),
    /// JSON Lines, with the number of the last line read.
    Json(Box<dyn BufRead + Send>, u64),
}

impl<'a> Rows<'a> {
    /// Opens a file. Checks the header of CSV, or the start of JSON Lines.
    pub(super) fn open(source: &'a Source, table: &'static Table, bar: &ProgressBar) -> Result<Self, BulkError> {
        let mut text = source.text(bar)?;
        let (header, lines) = match source.format {
            Format::Jsonl => {
                let start = text.fill_buf().map_err(at(&source.path))?.trim_ascii_start();
                if start.starts_with(b"[") {
                    let what =
                        "JSON Lines have one object on each line, and this is an array; convert it with jq -c '.[]'";
                    return Err(source.wrong(what));
                }
                if !start.is_empty() && !start.starts_with(b"{") {
                    return Err(source
                        .wrong("JSON Lines begin with {, and this file does not; if it is CSV, give --format csv"));
                }
                (Vec::new(), Lines::Json(text, 0))
            }
            Format::Csv => {
                let mut records = Records::new(text);
                let header = header::read(&mut records, table).map_err(|what| source.wrong(what))?;
                (header, Lines::Csv(Box::new(records)))
            }
        };
        Ok(Self { source, table, header, lines, number: 0 })
    }

    /// Returns the next row. Empty lines and rows of empty cells, which spreadsheets leave at the end, are skipped.
    pub(super) fn next(&mut self) -> Result<Option<Row>, BulkError> {
        loop {
            let number = self.number + 1;
            let read = match &mut self.lines {
                Lines::Csv(records) => {
                    records.read().map(|read| read.then(|| of_record(records, &self.header, self.table)))
                }
                Lines::Json(text, line) => {
                    read_line(text, line).map(|bytes| bytes.map(|bytes| Some(of_line(&bytes, *line, self.table))))
                }
            };
            let read = read.map_err(|what| self.source.wrong(format!("row {number}: {what}")))?;
            let Some(read) = read else { return Ok(None) };
            if let Some(Read { body, original, first, bytes }) = read {
                self.number = number;
                return Ok(Some(Row { number, body, original, first, bytes }));
            }
        }
    }
}

/// Reads a CSV row. `None` if all cells are empty.
fn of_record(records: &Records, header: &[String], table: &Table) -> Option<Read> {
    if let Some(flaw) = records.flaw {
        return Some(Read::untold(&records.lines, flaw));
    }
    let is_empty = records.cells.iter().all(|cell| cell.trim().is_empty());
    (!is_empty).then(|| of_cells(records, header, table))
}

fn of_cells(records: &Records, header: &[String], table: &Table) -> Read {
    let bytes = records.cells.as_slice().len();
    if bytes > LONGEST {
        return Read::untold(&records.lines, too_long());
    }
    let cells: Vec<_> = records.cells.iter().map(str::to_owned).collect();
    if cells.len() != header.len() {
        let wrong = format!("The row has {} cells, the header {}.", cells.len(), header.len());
        return Read::untold(&records.lines, wrong);
    }
    let (named, first) = (header.iter().zip(&cells), RowIdentity::of_cells(header, &cells));
    if let Some(message) = unread_before(&cells, header) {
        return Read::untold_because(message).of_first(first);
    }
    let read = named.filter_map(|(name, cell)| Some((name.clone(), value(table.column(name)?, cell, header)?)));
    let body = shortened::check(read.collect(), table);
    Read { body, original: Original::Cells(cells), first: None, bytes: 2 * bytes }.of_first(first)
}

fn of_line(line: &[u8], number: u64, table: &Table) -> Read {
    let untold = |what: String| Read::untold(&(number..=number), what);
    if line.len() > LONGEST {
        return untold(too_long());
    }
    let object = match json::parse(line.trim_ascii_end()) {
        Ok(Value::Object(object)) => object,
        Ok(_) => return untold("The row is not a JSON object.".to_owned()),
        Err(error) => return untold(format!("JSON parse error - {error}")),
    };
    let first = RowIdentity::of_object(&object);
    let known = |name: &str| table.open || table.column(name).is_some() || is_error_column(name);
    if object.keys().all(|name| is_error_column(name))
        && let Some(message) = object.get(ERROR_MESSAGE).and_then(Value::as_str)
    {
        return Read::untold_because(message.to_owned()).of_first(first);
    }
    let body = match object.keys().find(|name| !known(name)) {
        Some(name) => Err(json!({ name.as_str(): ["There is no such column."] })),
        None => {
            let read = object.iter().filter(|(name, _)| is_read(table, name));
            shortened::check(read.map(|(name, value)| (name.clone(), value.clone())).collect(), table)
        }
    };
    Read { body, original: Original::Object(object), first: None, bytes: 3 * line.len() }.of_first(first)
}

/// Returns the error of an errors file's row that could not be read when it was refused. Such a row has an error and no
/// cells, and the same error is reported again.
fn unread_before(cells: &[String], header: &[String]) -> Option<String> {
    let named = || header.iter().zip(cells);
    let message = named().find(|(name, _)| *name == ERROR_MESSAGE)?.1;
    let is_empty = named().all(|(name, cell)| is_error_column(name) || cell.trim().is_empty());
    (is_empty && !message.trim().is_empty()).then(|| formula::unguarded(message).to_owned())
}

fn too_long() -> String {
    format!("The row is longer than {} MB.", LONGEST >> 20)
}

fn is_read(table: &Table, name: &str) -> bool {
    table.column(name).is_some_and(|column| column.usage != Use::Shown)
}

/// Returns the value of a cell. `None` if it is empty or not read.
fn value(column: &Column, cell: &str, header: &[String]) -> Option<Value> {
    if column.usage == Use::Shown {
        return None;
    }
    match (cell.trim().is_empty(), column.empty) {
        (true, Empty::Nothing) => None,
        (true, Empty::Null) => Some(Value::Null),
        (true, Empty::BlankWithout(other)) if header.iter().any(|name| name == other) => None,
        (true, Empty::Blank | Empty::BlankWithout(_)) => Some("".into()),
        (false, _) if column.text => Some(formula::unguarded(cell).into()),
        (false, _) => Some(cell.into()),
    }
}

/// Returns the next line that is not blank. `number` is the number of the line before, and becomes that of the returned
/// line.
fn read_line(text: &mut dyn BufRead, number: &mut u64) -> Result<Option<Vec<u8>>, String> {
    loop {
        *number += 1;
        let mut line = Vec::new();
        let mut limited = io::Read::take(&mut *text, HOPELESS as u64 + 1);
        let read = limited.read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
        if read > HOPELESS {
            return Err(hopeless());
        }
        if read == 0 {
            return Ok(None);
        }
        if !line.trim_ascii().is_empty() {
            return Ok(Some(line));
        }
    }
}
