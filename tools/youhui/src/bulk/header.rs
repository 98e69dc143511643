//! The header of CSV: the first row, which names the columns.

use std::collections::HashSet;

use super::{
    columns::{Table, Use, is_error_column},
    records::Records,
};

/// Reads and checks the names of the columns. Returns an error text if the header is not usable.
pub(super) fn read(records: &mut Records, table: &Table) -> Result<Vec<String>, String> {
    records.read()?;
    if let Some(flaw) = records.flaw {
        return Err(format!("the header: {flaw}"));
    }
    let header: Vec<_> = records.cells.iter().map(|name| name.trim().to_owned()).collect();
    check_form(&header, table)?;
    check_names(&header, table)?;
    Ok(header)
}

/// Refuses a first row that is not a CSV header, such as those of other formats and programs.
fn check_form(header: &[String], table: &Table) -> Result<(), String> {
    let first = header.first().map(String::as_str).unwrap_or_default();
    if first.starts_with('{') {
        return Err("this is not CSV but JSON Lines; give --format jsonl".to_owned());
    }
    if first.starts_with("sep=") {
        return Err("the first line is \"sep=\", which only Excel reads: remove it".to_owned());
    }
    if header.len() == 1 && first.contains([';', '\t']) {
        return Err(format!(
            "cells must be separated by commas, but the header is {first:?}; save the file as CSV with commas"
        ));
    }
    match header.iter().position(String::is_empty) {
        Some(column) if !table.open => {
            Err(format!("column {} has no name: remove the column, or the comma before it", column + 1))
        }
        _ => Ok(()),
    }
}

fn check_names(header: &[String], table: &Table) -> Result<(), String> {
    let columns = || {
        let read = table.columns.iter().filter(|column| column.usage != Use::Shown);
        read.map(|column| column.name).collect::<Vec<_>>().join(", ")
    };
    let reads = || format!("the first line names the columns, and a file of {} can have {}", table.rows, columns());
    let mut seen = HashSet::new();
    for name in header {
        let known = table.open || table.column(name).is_some() || is_error_column(name);
        if !known {
            let lower = name.to_lowercase();
            return Err(match table.column(&lower) {
                Some(_) => format!("there is no column {name:?}: write it {lower:?}"),
                None => format!("there is no column {name:?}: {}", reads()),
            });
        }
        if !seen.insert(name) && !name.is_empty() {
            return Err(format!("the header has the column {name:?} twice"));
        }
    }
    let lacks = |names: &&&[&str]| !names.iter().any(|name| header.iter().any(|known| known == name));
    match table.needs.iter().find(lacks) {
        Some(names) => Err(format!("the column {} is missing: {}", names.join(" or "), reads())),
        None => Ok(()),
    }
}
