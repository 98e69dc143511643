//! The input file, checked as a whole before its rows are read.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek},
    path::{Path, PathBuf},
};

use indicatif::ProgressBar;
use sha2::{Digest, Sha256};

use super::{BulkError, DASH, Format, at, records::HOPELESS};
use crate::{gzip::expanded, recovery::file};

/// The byte order mark of UTF-8.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";
/// The byte order marks of UTF-16.
const UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// The first bytes of a workbook: .xlsx is a zip file, .xls an OLE file.
const WORKBOOK: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"];
/// The error of a workbook.
const NO_WORKBOOK: &str = "this is an Excel workbook (or another zip): save it as \"CSV UTF-8\"";

/// An input file with its checksum. Standard input is copied to a temporary file, because it is read twice too.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) format: Format,
    pub(super) sha256: String,
    pub(super) bytes: u64,
    file: File,
}

impl Source {
    /// Opens a file and reads it once, so that no row is imported from a file that was cut or is not UTF-8.
    pub(super) fn open(path: &Path, format: Option<Format>) -> Result<Self, BulkError> {
        let format = Format::choose(format, path).map_err(|unnamed| match is_workbook_at(path) {
            true => BulkError::File { path: path.to_owned(), what: NO_WORKBOOK.to_owned() },
            false => unnamed,
        })?;
        let mut file = if is_dash(path) { spool(io::stdin().lock()) } else { File::open(path) }.map_err(at(path))?;
        let mut digest = Sha256::new();
        let bytes = io::copy(&mut file, &mut digest).map_err(at(path))?;
        if bytes == 0 {
            return Err(BulkError::File { path: path.to_owned(), what: "the file is empty".to_owned() });
        }
        let source = Self { path: path.to_owned(), format, sha256: format!("{:x}", digest.finalize()), bytes, file };
        source.check_encoding().map_err(untouched)?;
        Ok(source)
    }

    /// Refuses a text that is not UTF-8. Otherwise row after row would go to the errors file with unreadable names.
    fn check_encoding(&self) -> Result<(), BulkError> {
        let mut text = self.text(&ProgressBar::hidden())?;
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let read = text.by_ref().take(HOPELESS as u64 + 1).read_until(b'\n', &mut line).map_err(at(&self.path))?;
            // No row of this length is read, and no row after it.
            if read == 0 || read > HOPELESS {
                break;
            }
            if std::str::from_utf8(&line).is_err() {
                let what = "this is not UTF-8 (GBK?); save it as \"CSV UTF-8\" in a spreadsheet, or convert it with \
                    iconv -f GBK -t UTF-8";
                return Err(self.wrong(format!("line {number}: {what}")));
            }
        }
        Ok(())
    }

    pub(super) fn is_stdin(&self) -> bool {
        is_dash(&self.path)
    }

    /// Returns the text from its start, decompressed and without a byte order mark. `bar` shows how much of the file is
    /// read.
    pub(super) fn text(&self, bar: &ProgressBar) -> Result<Box<dyn BufRead + Send>, BulkError> {
        let mut file = self.file.try_clone().map_err(at(&self.path))?;
        file.rewind().map_err(at(&self.path))?;
        let expanded = expanded(BufReader::new(bar.wrap_read(file))).map_err(at(&self.path))?;
        let mut text = BufReader::with_capacity(1 << 16, expanded);
        let start = text.fill_buf().map_err(at(&self.path))?;
        if is_workbook(start) {
            return Err(self.wrong(NO_WORKBOOK));
        }
        // In a UTF-16 text without a mark, every second byte of ASCII is 0.
        if UTF_16.iter().any(|mark| start.starts_with(mark)) || start.iter().take(64).any(|byte| *byte == 0) {
            return Err(self.wrong("the text is UTF-16; save it as \"CSV UTF-8\" in a spreadsheet"));
        }
        if file::is_shop(start) {
            return Err(self.wrong("this is a whole shop: `youhui import shop` reads it"));
        }
        let mark = if start.starts_with(BOM) { BOM.len() } else { 0 };
        text.consume(mark);
        Ok(Box::new(text))
    }

    /// Returns an error of the file as a whole.
    pub(super) fn wrong(&self, what: impl ToString) -> BulkError {
        BulkError::File { path: self.path.clone(), what: what.to_string() }
    }
}

/// Adds to the error of an unreadable file that no row was imported.
fn untouched(error: BulkError) -> BulkError {
    match error {
        BulkError::Io { path, error } => {
            let what = format!("{error}. Nothing was imported: copy or export the file again");
            BulkError::File { path, what }
        }
        other => other,
    }
}

pub(super) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == DASH
}

fn is_workbook(start: &[u8]) -> bool {
    WORKBOOK.iter().any(|mark| start.starts_with(mark))
}

/// Returns true if a readable workbook is at this path.
fn is_workbook_at(path: &Path) -> bool {
    let mut start = [0; WORKBOOK[0].len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && is_workbook(&start)
}

fn spool(mut input: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut input, &mut file)?;
    file.rewind()?;
    Ok(file)
}
