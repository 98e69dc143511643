//! The errors file: the rows that were refused, with the reasons before them, as the file that they come from is written.
//! Mended, it can be imported itself.

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
    columns::{Column, ERROR_COLUMNS, Table},
    formula,
    journal::Note,
    output::{Growing, csv_line},
    rows::{Original, Row, Rows, is_error_column},
    source::BOM,
};

/// What the errors file repeats of a row.
#[derive(Debug, Clone)]
pub(super) enum Layout {
    /// The columns of the input that are none of an earlier errors file: the place, the name, and the column of the table.
    Csv(Vec<(usize, String, Option<&'static Column>)>),
    /// The whole object.
    Jsonl,
}

impl Layout {
    /// That of the rows of a file.
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

/// A line of JSON Lines.
#[derive(Serialize)]
struct Refused<'a> {
    error_row: u64,
    error_field: &'a str,
    error_message: &'a str,
    error_of: String,
    #[serde(flatten)]
    own: Map<String, Value>,
}

/// A cell of the input as it may stand in a file that people open: an import reads the same of it.
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
    /// The id of the transfer whose rows these are.
    transfer: String,
    /// Of all that the file holds.
    digest: Sha256,
}

impl Refusals {
    /// The file from its beginning, or as it was when this was noted of it.
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

    /// Adds a row with what is wrong with it.
    pub(super) fn add(&mut self, row: &Row, errors: &Value) -> Result<(), BulkError> {
        let line = self.layout.line(row, errors, &self.transfer).map_err(at(&self.file.path))?;
        self.write(&line);
        Ok(())
    }

    fn write(&mut self, line: &[u8]) {
        self.digest.update(line);
        self.file.write(line);
    }

    /// Puts everything on the disk, and notes what the file is then.
    pub(super) fn sync(&mut self, note: &mut Note) -> Result<(), BulkError> {
        note.errors_bytes = self.file.sync()?;
        note.errors_sha256 = format!("{:x}", self.digest.clone().finalize());
        Ok(())
    }
}

/// The checksum of the first bytes of a file.
fn digest_of(path: &Path, bytes: u64) -> io::Result<Sha256> {
    let mut digest = Sha256::new();
    io::copy(&mut BufReader::new(File::open(path)?).take(bytes), &mut digest)?;
    Ok(digest)
}

/// Whether a file is what was noted of it, with nothing mended. Where the transfer was ended early, more may follow.
fn is_as_noted(path: &Path, note: &Note) -> io::Result<bool> {
    let bytes = std::fs::metadata(path)?.len();
    let is_whole = if note.finished { bytes == note.errors_bytes } else { bytes >= note.errors_bytes };
    Ok(is_whole && format!("{:x}", digest_of(path, note.errors_bytes)?.finalize()) == note.errors_sha256)
}

/// Makes place for the errors file of a transfer that begins, or goes on from what is noted: a file that somebody may have
/// mended is kept under another name, which is answered.
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

/// Whether a file begins as an errors file does: also one that a spreadsheet has saved, and one of which nothing was written
/// when its process ended.
pub(super) fn is_errors_file(path: &Path) -> io::Result<bool> {
    let starts = [format!("{},", ERROR_COLUMNS[0]), format!("{{\"{}\"", ERROR_COLUMNS[0])];
    let mut start = Vec::new();
    File::open(path)?.take((BOM.len() + starts[1].len()) as u64).read_to_end(&mut start)?;
    let start = start.strip_prefix(BOM).unwrap_or(&start);
    let is_one = |expected: &String| start.iter().zip(expected.as_bytes()).all(|(byte, expected)| byte == expected);
    Ok(starts.iter().any(is_one))
}

/// The fields of an error of the API, and what is said of them; where there are several, each with its field.
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
