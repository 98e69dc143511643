//! The output of rows: cells of CSV and objects of JSON Lines.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::{
    BulkError, Format, at,
    columns::{Column, Table},
    formula,
    source::is_dash,
};
use crate::part_file::{PartFile, for_its_owner};

/// Returns the text of a cell. A text that a spreadsheet could run gets an apostrophe.
fn cell(column: &Column, value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) if column.text => formula::guarded(text),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Returns a line of CSV with its line end.
pub(super) fn csv_line<T: AsRef<[u8]>>(cells: impl IntoIterator<Item = T>) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

/// The columns and the format of an output file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) table: &'static Table,
    pub(super) format: Format,
    /// Set to begin CSV with a byte order mark, which some spreadsheets need to recognise UTF-8.
    pub(super) bom: bool,
}

impl Shape {
    /// Returns the header of the file, which is empty for JSON Lines.
    pub(super) fn header(&self) -> io::Result<Vec<u8>> {
        if self.format == Format::Jsonl {
            return Ok(Vec::new());
        }
        let mut header = if self.bom { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        header.extend(csv_line(self.table.columns.iter().map(|column| column.name))?);
        Ok(header)
    }

    /// Returns a row as a line. Only the columns of the table are written.
    pub(super) fn row(&self, row: &Map<String, Value>) -> io::Result<Vec<u8>> {
        let columns = self.table.columns.iter();
        match self.format {
            Format::Csv => csv_line(columns.map(|column| cell(column, row.get(column.name)))),
            Format::Jsonl => {
                let value = |column: &Column| row.get(column.name).cloned().unwrap_or(Value::Null);
                let row: Map<_, _> = columns.map(|column| (column.name.to_owned(), value(column))).collect();
                let mut line = serde_json::to_vec(&row)?;
                line.push(b'\n');
                Ok(line)
            }
        }
    }
}

/// The destination of an export: standard output, or a file that gets its name when it is complete.
pub(super) enum Sink {
    Stdout(io::BufWriter<io::Stdout>),
    File(Box<PartFile>),
}

impl Sink {
    pub(super) fn create(path: &Path) -> Result<Self, BulkError> {
        match is_dash(path) {
            true => Ok(Self::Stdout(io::BufWriter::new(io::stdout()))),
            false => Ok(Self::File(Box::new(PartFile::create(path).map_err(at(path))?))),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.write_all(bytes),
            Self::File(file) => file.write_all(bytes),
        }
    }

    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Stdout(mut out) => out.flush(),
            Self::File(file) => file.finish(),
        }
    }

    /// Deletes an unfinished file.
    pub(super) fn discard(self) -> io::Result<()> {
        match self {
            Self::Stdout(_) => Ok(()),
            Self::File(file) => file.discard(),
        }
    }
}

/// A file that grows row by row. A command that continues truncates it to the length in the journal.
#[derive(Debug)]
pub(super) struct Growing {
    pub(super) path: PathBuf,
    file: File,
    waiting: Vec<u8>,
    bytes: u64,
}

impl Growing {
    /// Opens the file and truncates it to `bytes`; 0 starts a new file.
    pub(super) fn open(path: &Path, bytes: u64) -> Result<Self, BulkError> {
        let open = || {
            let mut file = for_its_owner(File::options().create(true).truncate(false).write(true)).open(path)?;
            file.set_len(bytes)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        Ok(Self { path: path.to_owned(), file: open().map_err(at(path))?, waiting: Vec::new(), bytes })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    pub(super) fn write(&mut self, line: &[u8]) {
        self.bytes += line.len() as u64;
        self.waiting.extend_from_slice(line);
    }

    /// Writes everything to the disk. Returns the length of the file in bytes.
    pub(super) fn sync(&mut self) -> Result<u64, BulkError> {
        if !self.waiting.is_empty() {
            let written = self.file.write_all(&self.waiting).and_then(|()| self.file.sync_data());
            written.map_err(at(&self.path))?;
            self.waiting.clear();
        }
        Ok(self.bytes)
    }
}
