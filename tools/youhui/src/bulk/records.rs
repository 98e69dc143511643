//! The rows of CSV as the csv crate reads them, and what it does not tell of them: whether their quotes are right.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read},
    ops::RangeInclusive,
};

use csv::{ReaderBuilder, StringRecord};

use super::quotes;

/// The file is given up at a row that is longer than this, in bytes: a quote that is never closed would take all memory.
pub(super) const HOPELESS: usize = 16 << 20;

pub(super) fn hopeless() -> String {
    format!("the row is longer than {} MB; is a quote not closed?", HOPELESS >> 20)
}

/// A reader that gives up where one row takes too much of it, and keeps what it gave.
struct Limited {
    inner: Box<dyn BufRead + Send>,
    left: usize,
    /// What it gave since the last row ended.
    kept: VecDeque<u8>,
    /// Where in the text that begins.
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

/// The rows of a text, one after the other.
pub(super) struct Records {
    reader: csv::Reader<Limited>,
    /// The cells of the row that was read last.
    pub(super) cells: StringRecord,
    /// What is wrong with its quotes.
    pub(super) flaw: Option<&'static str>,
    /// The lines of the file that it takes.
    pub(super) lines: RangeInclusive<u64>,
    /// The line on which what follows begins.
    line: u64,
}

impl Records {
    pub(super) fn new(text: Box<dyn BufRead + Send>) -> Self {
        let limited = Limited { inner: text, left: HOPELESS, kept: VecDeque::new(), start: 0 };
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(limited);
        Self { reader, cells: StringRecord::new(), flaw: None, lines: 1..=1, line: 1 }
    }

    /// Reads the next row, if there is one.
    pub(super) fn read(&mut self) -> Result<bool, String> {
        self.reader.get_mut().left = HOPELESS;
        let read = self.reader.read_record(&mut self.cells).map_err(|error| error.to_string())?;
        // Where the row ends is what the csv crate says: its bytes are what it took.
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

/// The lines that a row takes whose bytes begin on this one, and the line on which the next bytes begin. Line ends before it
/// are no part of it: of CRLF the csv crate leaves the LF to the next row.
fn lines(row: &[u8], start: u64) -> (RangeInclusive<u64>, u64) {
    let ends = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let before = row.iter().take_while(|byte| is_end(byte)).count();
    let first = start + ends(&row[..before]);
    let text = row[before..].strip_suffix(b"\n").unwrap_or(&row[before..]);
    (first..=first + ends(text), start + ends(row))
}
