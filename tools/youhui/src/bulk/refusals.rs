//! The errors file: the refused rows with their errors, in the format of the input. After correction it can be imported
//! itself.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{
    BulkError, Format, at,
    columns::{Column, ERROR_COLUMNS, Table, is_error_column},
    formula,
    journal::Note,
    output::{Growing, csv_line},
    rows::{Original, Row, Rows},
    source::BOM,
};

/// The part of a row that the errors file repeats.
#[derive(Debug, Clone)]
pub(super) enum Layout {
    /// The columns of the input, without those of an earlier errors file. Each has its position, its name, and the
    /// column of the table.
    Csv(Vec<(usize, String, Option<&'static Column>)>),
    /// The whole JSON object.
    Jsonl,
}

impl Layout {
    /// Returns the layout for the rows of a file.
    pub(super) fn of(rows: &Rows, format: Format, table: &'static Table) -> Self {
        match format {
            Format::Jsonl => Self::Jsonl,
            Format::Csv => {
                let own = rows.header.iter().enumerate().filter(|(_, name)| !is_error_column(name));
                Self::Csv(own.map(|(place, name)| (place, name.clone(), table.column(name))).collect())
            }
        }
    }

    fn header(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Csv(columns) => {
                csv_line(ERROR_COLUMNS.into_iter().chain(columns.iter().map(|(_, name, _)| name.as_str())))
            }
            Self::Jsonl => Ok(Vec::new()),
        }
    }

    fn line(&self, row: &Row, errors: &Value, transfer: &str) -> io::Result<Vec<u8>> {
        let (fields, messages) = reasons(errors);
        let first = row.counts_as(transfer);
        match self {
            Self::Csv(columns) => {
                let own = columns.iter().map(|(place, _, column)| match &row.original {
                    Original::Cells(cells) => safe(*column, &cells[*place]),
                    _ => String::new(),
                });
                let reasons = [formula::guarded(&fields), formula::guarded(&messages)];
                let cells = std::iter::once(first.row.to_string()).chain(reasons).chain([first.file()]);
                csv_line(cells.chain(own))
            }
            Self::Jsonl => {
                let own = match &row.original {
                    Original::Object(object) => object.clone(),
                    _ => Map::new(),
                };
                let own = own.into_iter().filter(|(name, _)| !is_error_column(name)).collect();
                let (error_row, error_of) = (first.row, first.file());
                let refused = Refused { error_row, error_field: &fields, error_message: &messages, error_of, own };
                let mut line = serde_json::to_vec(&refused)?;
                line.push(b'\n');
                Ok(line)
            }
        }
    }
}

/// A line of a JSON Lines errors file.
#[derive(Serialize)]
struct Refused<'a> {
    error_row: u64,
    error_field: &'a str,
    error_message: &'a str,
    error_of: String,
    #[serde(flatten)]
    own: Map<String, Value>,
}

/// Returns a cell of the input, safe to open in a spreadsheet. An import reads the same value from it.
fn safe(column: Option<&Column>, cell: &str) -> String {
    match column.is_some_and(|column| column.text) {
        true => formula::guarded(formula::unguarded(cell)),
        false if cell.parse::<rust_decimal::Decimal>().is_ok() => cell.to_owned(),
        false => formula::guarded(cell),
    }
}

pub(super) struct Refusals {
    file: Growing,
    layout: Layout,
    /// The id of the transfer that the rows belong to.
    transfer: String,
    /// The checksum of the file's contents.
    digest: Sha256,
}

impl Refusals {
    /// Opens the file as the journal describes it, or starts a new one.
    pub(super) fn open(path: &Path, layout: Layout, transfer: String, note: &Note) -> Result<Self, BulkError> {
        let bytes = note.errors_bytes;
        let digest = if bytes > 0 { digest_of(path, bytes).map_err(at(path))? } else { Sha256::new() };
        let mut refusals = Self { file: Growing::open(path, bytes)?, layout, transfer, digest };
        if refusals.file.is_empty() {
            let header = refusals.layout.header().map_err(at(path))?;
            refusals.write(&header);
        }
        Ok(refusals)
    }

    /// Adds a row with its errors.
    pub(super) fn add(&mut self, row: &Row, errors: &Value) -> Result<(), BulkError> {
        let line = self.layout.line(row, errors, &self.transfer).map_err(at(&self.file.path))?;
        self.write(&line);
        Ok(())
    }

    fn write(&mut self, line: &[u8]) {
        self.digest.update(line);
        self.file.write(line);
    }

    /// Writes everything to the disk, and puts the length and the checksum into `note`.
    pub(super) fn sync(&mut self, note: &mut Note) -> Result<(), BulkError> {
        note.errors_bytes = self.file.sync()?;
        note.errors_sha256 = format!("{:x}", self.digest.clone().finalize());
        Ok(())
    }
}

/// Returns the checksum of the first bytes of a file.
fn digest_of(path: &Path, bytes: u64) -> io::Result<Sha256> {
    let mut digest = Sha256::new();
    io::copy(&mut BufReader::new(File::open(path)?).take(bytes), &mut digest)?;
    Ok(digest)
}

/// Returns true if the file is as the journal describes it, so that nobody has corrected it. After a transfer that was
/// interrupted, more bytes may follow.
fn is_as_noted(path: &Path, note: &Note) -> io::Result<bool> {
    let bytes = std::fs::metadata(path)?.len();
    let is_whole = if note.finished { bytes == note.errors_bytes } else { bytes >= note.errors_bytes };
    Ok(is_whole && format!("{:x}", digest_of(path, note.errors_bytes)?.finalize()) == note.errors_sha256)
}

/// Makes room for the errors file of a transfer that starts or continues. A file that somebody may have corrected is
/// renamed, and its new name is returned.
pub(super) fn make_place(path: &Path, note: &Note) -> Result<Option<PathBuf>, BulkError> {
    let is_mended = || io::Result::Ok(std::fs::metadata(path)?.len() > 0 && !is_as_noted(path, note)?);
    match is_mended() {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(path)(error)),
    }
    let end = path.extension().map(|end| format!(".{}", end.display())).unwrap_or_default();
    let aside = (1..).map(|number| path.with_extension(format!("{number}{end}"))).find(|aside| !aside.exists());
    if let Some(aside) = &aside {
        std::fs::rename(path, aside).map_err(at(path))?;
    }
    Ok(aside)
}

/// Returns true if a file begins like an errors file. This includes a file that a spreadsheet saved, and an empty one
/// left by a process that died.
pub(super) fn is_errors_file(path: &Path) -> io::Result<bool> {
    let starts = [format!("{},", ERROR_COLUMNS[0]), format!("{{\"{}\"", ERROR_COLUMNS[0])];
    let mut start = Vec::new();
    File::open(path)?.take((BOM.len() + starts[1].len()) as u64).read_to_end(&mut start)?;
    let start = start.strip_prefix(BOM).unwrap_or(&start);
    let is_one = |expected: &String| start.iter().zip(expected.as_bytes()).all(|(byte, expected)| byte == expected);
    Ok(starts.iter().any(is_one))
}

/// Returns the fields of an API error, and its messages. If there are several, each message has its field before it.
fn reasons(errors: &Value) -> (String, String) {
    let Some(by_field) = errors.as_object() else { return (String::new(), errors.to_string()) };
    let is_field = |name: &str| !["detail", "non_field_errors"].contains(&name);
    let said = |said: &Value| match said {
        Value::String(message) => message.clone(),
        Value::Array(several) if several.iter().all(Value::is_string) => {
            several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        nested => nested.to_string(),
    };
    let fields: Vec<_> = by_field.keys().map(String::as_str).filter(|name| is_field(name)).collect();
    let message = |(field, what): (&String, &Value)| match is_field(field) && by_field.len() > 1 {
        true => format!("{field}: {}", said(what)),
        false => said(what),
    };
    (fields.join(" "), by_field.iter().map(message).collect::<Vec<_>>().join("; "))
}
