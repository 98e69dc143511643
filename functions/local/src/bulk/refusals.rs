//! The errors file: the rows that were refused, with the reasons before them. Mended, it can be imported itself.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use serde_json::Value;

use super::{
    BulkError, at,
    columns::{ERROR_COLUMNS, Table},
    formula,
    output::{Growing, csv_line},
    rows::Row,
    source::BOM,
};

pub(super) struct Refusals {
    file: Growing,
    table: &'static Table,
    header: Vec<String>,
}

impl Refusals {
    /// The file from its beginning, or as it was when it had so many bytes.
    pub(super) fn open(path: &Path, table: &'static Table, header: &[String], bytes: u64) -> Result<Self, BulkError> {
        let own = header.iter().filter(|name| !ERROR_COLUMNS.contains(&name.as_str())).cloned();
        let mut refusals = Self { file: Growing::open(path, bytes)?, table, header: own.collect() };
        if refusals.file.is_empty() {
            let names: Vec<_> = ERROR_COLUMNS.into_iter().chain(refusals.header.iter().map(String::as_str)).collect();
            let line = csv_line(names).map_err(at(path))?;
            refusals.file.write(&line);
        }
        Ok(refusals)
    }

    /// Adds a row with what is wrong with it.
    pub(super) fn add(&mut self, names: &[String], row: &Row, errors: &Value) -> Result<(), BulkError> {
        let (fields, messages) = reasons(errors);
        let mut cells = vec![row.number.to_string(), formula::guarded(&fields), formula::guarded(&messages)];
        let of = |name: &String| names.iter().position(|known| known == name).and_then(|index| row.cells.get(index));
        cells.extend(self.header.iter().map(|name| of(name).map_or_else(String::new, |cell| self.safe(name, cell))));
        let line = csv_line(cells).map_err(at(&self.file.path))?;
        self.file.write(&line);
        Ok(())
    }

    /// A cell of the input as it may stand in a file that people open: an import reads the same of it.
    fn safe(&self, name: &str, cell: &str) -> String {
        let is_text = self.table.column(name).is_some_and(|column| column.text);
        match is_text {
            true => formula::guarded(formula::unguarded(cell)),
            false if cell.parse::<rust_decimal::Decimal>().is_ok() => cell.to_owned(),
            false => formula::guarded(cell),
        }
    }

    pub(super) fn sync(&mut self) -> Result<u64, BulkError> {
        self.file.sync()
    }
}

/// Whether a file begins as an errors file does: also one that a spreadsheet has saved, and one of which nothing was written
/// when its process ended.
pub(super) fn is_errors_file(path: &Path) -> io::Result<bool> {
    let names = format!("{},", ERROR_COLUMNS[0]);
    let mut start = Vec::new();
    File::open(path)?.take((BOM.len() + names.len()) as u64).read_to_end(&mut start)?;
    let start = start.strip_prefix(BOM).unwrap_or(&start);
    Ok(start.iter().zip(names.as_bytes()).all(|(byte, expected)| byte == expected))
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
