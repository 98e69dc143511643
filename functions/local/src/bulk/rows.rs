//! The rows of a file, one after the other: what can be read of each, and what is wrong with it before the API sees it.

use std::{
    collections::HashSet,
    io::{BufRead, Read},
};

use indicatif::ProgressBar;
use serde_json::{Map, Value, json};
use shared::http::json;

use super::{
    BulkError, Format,
    columns::{Column, ERROR_COLUMNS, Empty, Table, Use},
    formula,
    records::{HOPELESS, Records, hopeless},
    source::Source,
};

/// The longest row, in bytes; a longer one is refused.
const LONGEST: usize = 1 << 20;

/// A row of a file.
#[derive(Debug)]
pub(super) struct Row {
    /// From 1, the header apart.
    pub(super) number: u64,
    /// What the API gets, or the error in its words.
    pub(super) body: Result<Map<String, Value>, Value>,
    /// Its cells as they came, for the errors file; none where they cannot be told.
    pub(super) cells: Vec<String>,
    /// How much memory it takes, about.
    pub(super) bytes: usize,
}

/// An error of a whole row.
pub(super) fn wrong_row(message: impl Into<String>) -> Value {
    json!({ "non_field_errors": [message.into()] })
}

/// What is read of a file.
pub(super) struct Rows<'a> {
    source: &'a Source,
    table: &'static Table,
    /// The names of the columns, as an errors file repeats them.
    pub(super) header: Vec<String>,
    lines: Lines,
    number: u64,
}

enum Lines {
    Csv(Box<Records>),
    Json(Box<dyn BufRead + Send>),
}

impl<'a> Rows<'a> {
    /// Begins a file. The header of CSV is checked here.
    pub(super) fn open(source: &'a Source, table: &'static Table, bar: &ProgressBar) -> Result<Self, BulkError> {
        let text = source.text(bar)?;
        let (header, lines) = match source.format {
            Format::Jsonl => (table.columns.iter().map(|column| column.name.to_owned()).collect(), Lines::Json(text)),
            Format::Csv => {
                let mut records = Records::new(text);
                let header = read_header(&mut records, table).map_err(|what| source.wrong(what))?;
                (header, Lines::Csv(Box::new(records)))
            }
        };
        Ok(Self { source, table, header, lines, number: 0 })
    }

    /// The next row.
    pub(super) fn next(&mut self) -> Result<Option<Row>, BulkError> {
        let number = self.number + 1;
        let read = match &mut self.lines {
            Lines::Csv(records) => records.read().map(|read| read.then(|| self.of_record())),
            Lines::Json(text) => read_line(text).map(|line| line.map(|line| self.of_line(&line))),
        };
        let row = read.map_err(|what| self.source.wrong(format!("row {number}: {what}")))?;
        self.number += u64::from(row.is_some());
        Ok(row.map(|(body, cells, bytes)| Row { number, body, cells, bytes }))
    }

    fn of_record(&self) -> (Result<Map<String, Value>, Value>, Vec<String>, usize) {
        let Lines::Csv(records) = &self.lines else { return (Err(Value::Null), Vec::new(), 0) };
        if let Some(flaw) = records.flaw {
            return (Err(wrong_row(flaw)), Vec::new(), 0);
        }
        let bytes = records.cells.as_slice().len();
        if bytes > LONGEST {
            return (Err(wrong_row(too_long())), Vec::new(), 0);
        }
        let cells: Vec<_> = records.cells.iter().map(str::to_owned).collect();
        if cells.len() != self.header.len() {
            let wrong = format!("The row has {} cells, the header {}.", cells.len(), self.header.len());
            // In the errors file they would stand under columns that are not theirs, and pass.
            return (Err(wrong_row(wrong)), Vec::new(), bytes);
        }
        let named = self.header.iter().zip(&cells);
        let read = named.filter_map(|(name, cell)| Some((name.clone(), value(self.table.column(name)?, cell)?)));
        (Ok(read.collect()), cells, 2 * bytes)
    }

    fn of_line(&self, line: &[u8]) -> (Result<Map<String, Value>, Value>, Vec<String>, usize) {
        if line.len() > LONGEST {
            return (Err(wrong_row(too_long())), Vec::new(), 0);
        }
        let object = match json::parse(line) {
            Ok(Value::Object(object)) => object,
            Ok(_) => return (Err(wrong_row("The row is no object.")), Vec::new(), 0),
            Err(error) => return (Err(wrong_row(format!("JSON parse error - {error}"))), Vec::new(), 0),
        };
        let cell = |column: &Column| match object.get(column.name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => {
                if column.text {
                    formula::guarded(text)
                } else {
                    text.clone()
                }
            }
            Some(other) => other.to_string(),
        };
        let cells = self.table.columns.iter().map(cell).collect();
        let known = |name: &str| self.table.open || self.table.column(name).is_some() || is_error_column(name);
        if let Some(name) = object.keys().find(|name| !known(name)) {
            return (Err(json!({ name.as_str(): ["There is no such column."] })), cells, line.len());
        }
        let read = object.into_iter().filter(|(name, _)| is_read(self.table, name));
        (Ok(read.collect()), cells, 2 * line.len())
    }
}

fn too_long() -> String {
    format!("The row is longer than {} MB.", LONGEST >> 20)
}

fn is_error_column(name: &str) -> bool {
    ERROR_COLUMNS.contains(&name)
}

fn is_read(table: &Table, name: &str) -> bool {
    table.column(name).is_some_and(|column| column.usage != Use::Shown)
}

/// What a cell says; nothing where it is empty, or not read.
fn value(column: &Column, cell: &str) -> Option<Value> {
    if column.usage == Use::Shown {
        return None;
    }
    match (cell.trim().is_empty(), column.empty) {
        (true, Empty::Nothing) => None,
        (true, Empty::Null) => Some(Value::Null),
        (true, Empty::Blank) => Some("".into()),
        (false, _) if column.text => Some(formula::unguarded(cell).into()),
        (false, _) => Some(cell.into()),
    }
}

/// What is wrong with the columns of a file.
fn check(header: &[String], table: &Table) -> Result<(), String> {
    let columns = || {
        let read = table.columns.iter().filter(|column| column.usage != Use::Shown);
        read.map(|column| column.name).collect::<Vec<_>>().join(", ")
    };
    if let [only] = header
        && only.contains([';', '\t'])
    {
        return Err(format!("cells are separated by commas, and the header is {only:?}"));
    }
    let mut seen = HashSet::new();
    for name in header {
        let known = table.open || table.column(name).is_some() || is_error_column(name);
        if !known {
            return Err(format!("there is no column {name:?} in a file of {}: it reads {}", table.rows, columns()));
        }
        if !seen.insert(name) {
            return Err(format!("the column {name:?} is there twice"));
        }
    }
    let lacks = |names: &&&[&str]| !names.iter().any(|name| header.iter().any(|known| known == name));
    match table.needs.iter().find(lacks) {
        Some(names) => Err(format!("the column {} is missing: the file reads {}", names.join(" or "), columns())),
        None => Ok(()),
    }
}

/// The names of the columns, where the file can be read by them.
fn read_header(records: &mut Records, table: &Table) -> Result<Vec<String>, String> {
    records.read()?;
    if let Some(flaw) = records.flaw {
        return Err(format!("the header: {flaw}"));
    }
    let header: Vec<_> = records.cells.iter().map(|name| name.trim().to_owned()).collect();
    check(&header, table)?;
    Ok(header)
}

/// The next line that is not blank.
fn read_line(text: &mut dyn BufRead) -> Result<Option<Vec<u8>>, String> {
    loop {
        let mut line = Vec::new();
        let mut limited = Read::take(&mut *text, HOPELESS as u64 + 1);
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
