//! The rows of CSV, as the csv crate reads them, together with a check of their quotes.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read},
    ops::RangeInclusive,
};

use csv::{ReaderBuilder, StringRecord};

use super::quotes;

/// The longest row that is read, in bytes. A quote that is not closed would otherwise take all memory.
pub(super) const HOPELESS: usize = 16 << 20;

pub(super) fn hopeless() -> String {
    format!("the row is longer than {} MB; look for a quote that is not closed", HOPELESS >> 20)
}

/// A reader that fails if one row is longer than [`HOPELESS`], and keeps the bytes of the row.
struct Limited {
    inner: Box<dyn BufRead + Send>,
    left: usize,
    /// The bytes read since the last row ended.
    kept: VecDeque<u8>,
    /// The position in the text at which `kept` starts.
    start: u64,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.left);
        if most == 0 {
            return Err(io::Error::other(hopeless()));
        }
        let read = self.inner.read(&mut buffer[..most])?;
        self.left -= read;
        self.kept.extend(&buffer[..read]);
        Ok(read)
    }
}

/// The rows of a text, read one after the other.
pub(super) struct Records {
    reader: csv::Reader<Limited>,
    /// The cells of the last row read.
    pub(super) cells: StringRecord,
    /// The error in the quotes of that row.
    pub(super) flaw: Option<&'static str>,
    /// The line numbers of that row in the file.
    pub(super) lines: RangeInclusive<u64>,
    /// The line number at which the next row starts.
    line: u64,
}

impl Records {
    pub(super) fn new(text: Box<dyn BufRead + Send>) -> Self {
        let limited = Limited { inner: text, left: HOPELESS, kept: VecDeque::new(), start: 0 };
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(limited);
        Self { reader, cells: StringRecord::new(), flaw: None, lines: 1..=1, line: 1 }
    }

    /// Reads the next row. Returns false at the end of the text.
    pub(super) fn read(&mut self) -> Result<bool, String> {
        self.reader.get_mut().left = HOPELESS;
        let read = self.reader.read_record(&mut self.cells).map_err(|error| error.to_string())?;
        // The csv crate decides where a row ends: the bytes of the row are those that it consumed.
        let end = self.reader.position().byte();
        let limited = self.reader.get_mut();
        let bytes = usize::try_from(end - limited.start).unwrap_or(usize::MAX).min(limited.kept.len());
        limited.start = end;
        let row = &limited.kept.make_contiguous()[..bytes];
        self.flaw = quotes::flaw(row.iter().copied());
        (self.lines, self.line) = lines(row, self.line);
        limited.kept.drain(..bytes);
        Ok(read)
    }
}

/// Returns the line numbers of a row that starts on line `start`, and the line number after it. Line ends before the
/// row are not part of it: the csv crate leaves the LF of a CRLF to the next row.
fn lines(row: &[u8], start: u64) -> (RangeInclusive<u64>, u64) {
    let ends = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let before = row.iter().take_while(|byte| is_end(byte)).count();
    let first = start + ends(&row[..before]);
    let text = row[before..].strip_suffix(b"\n").unwrap_or(&row[before..]);
    (first..=first + ends(text), start + ends(row))
}
