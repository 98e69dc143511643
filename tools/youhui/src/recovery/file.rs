//! The file of an export: JSON Lines, compressed where its name ends in `.gz`.
//!
//! The first line names the format and the shop. Each further line is an item. The last line has the number of items
//! and the SHA-256 checksum of all lines before it. So a reader that reaches the end knows that nothing is missing or
//! changed.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use crate::{gzip::expanded, part_file::PartFile};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::domain::shop::ShopId;

use super::RecoveryError;

/// The name of the format.
const FORMAT: &str = "youhui-shop";
/// The version of the format that is written and read.
const VERSION: u32 = 1;
/// The longest line, in bytes. An item has at most 400 KB, and bytes take more in JSON.
const MAX_LINE: u64 = 4 << 20;
/// The start of the last line. No item starts so: the keys of an item are sorted, and its primary key comes first.
const LAST: &str = "{\"items\":";

/// The error of another kind of file.
const NO_SHOP: &str =
    "this is not an exported shop: `import customers`, `import codes` and `import points` read other files";

/// Returns true if a text begins like an exported shop.
pub(crate) fn is_shop(text: &[u8]) -> bool {
    text.starts_with(format!("{{\"format\":\"{FORMAT}\"").as_bytes())
}

/// The first line of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Header {
    format: String,
    version: u32,
    /// The shop that owns the items.
    pub(super) shop: ShopId,
    /// The time at which the export started.
    pub(super) exported_at: DateTime<Utc>,
}

impl Header {
    pub(super) fn new(shop: &ShopId, exported_at: DateTime<Utc>) -> Self {
        Self { format: FORMAT.to_owned(), version: VERSION, shop: shop.clone(), exported_at }
    }
}

/// The last line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Last {
    /// The number of items in the file.
    pub(super) items: u64,
    /// The SHA-256 checksum of all lines before this one.
    pub(super) sha256: String,
}

/// The number of items and the checksum of the lines so far.
#[derive(Debug, Default)]
struct Count {
    items: u64,
    digest: Sha256,
}

impl Count {
    fn line(&mut self, line: &str) {
        self.digest.update(line.as_bytes());
        self.digest.update(b"\n");
    }

    fn last(self) -> Last {
        Last { items: self.items, sha256: format!("{:x}", self.digest.finalize()) }
    }
}

/// An export that is being written.
pub(super) struct Writer {
    path: PathBuf,
    file: PartFile,
    count: Count,
}

fn at(path: &Path) -> impl Fn(io::Error) -> RecoveryError {
    move |error| RecoveryError::Io { path: path.to_owned(), error }
}

impl Writer {
    /// Creates a new file and writes its header.
    pub(super) fn create(path: &Path, header: &Header) -> Result<Self, RecoveryError> {
        let file = PartFile::create(path).map_err(at(path))?;
        let mut writer = Self { path: path.to_owned(), file, count: Count::default() };
        let header = serde_json::to_string(header).map_err(|error| at(path)(error.into()))?;
        writer.write(&header)?;
        Ok(writer)
    }

    /// Adds an item as a line.
    pub(super) fn item(&mut self, line: &str) -> Result<(), RecoveryError> {
        self.count.items += 1;
        self.write(line)
    }

    fn write(&mut self, line: &str) -> Result<(), RecoveryError> {
        self.count.line(line);
        writeln!(self.file, "{line}").map_err(at(&self.file.part))
    }

    /// Completes the file and gives it its name.
    pub(super) fn finish(mut self) -> Result<Last, RecoveryError> {
        let last = std::mem::take(&mut self.count).last();
        let text = serde_json::to_string(&last).map_err(|error| at(&self.path)(error.into()))?;
        self.write(&text)?;
        self.file.finish().map_err(at(&self.path))?;
        Ok(last)
    }

    /// Deletes the unfinished file.
    pub(super) fn discard(self) -> Result<(), RecoveryError> {
        self.file.discard().map_err(at(&self.path))
    }
}

/// The lines of a file, not yet parsed.
struct Lines {
    path: PathBuf,
    input: BufReader<Box<dyn Read + Send>>,
    /// The number of the last line read.
    number: u64,
}

impl Lines {
    fn next(&mut self) -> Result<Option<String>, RecoveryError> {
        let mut line = Vec::new();
        self.number += 1;
        let read = self.input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
        read.map_err(|error| self.wrong(error))?;
        match line.pop() {
            None => Ok(None),
            Some(b'\n') => String::from_utf8(line).map(Some).map_err(|error| self.wrong(error)),
            Some(_) => Err(self.wrong("the line is too long, or the file was cut here")),
        }
    }

    fn wrong(&self, what: impl ToString) -> RecoveryError {
        RecoveryError::File { path: self.path.clone(), line: self.number, what: what.to_string() }
    }
}

/// The reader of an export, line by line.
pub(super) struct Reader {
    lines: Lines,
    count: Count,
    /// The header of the file.
    pub(super) header: Header,
}

/// A line after the header.
pub(super) enum Line {
    /// An item of the table, as JSON.
    Item(String),
    /// The last line. Its count and checksum were right.
    Last(Last),
}

impl Reader {
    /// Opens a file, compressed or not, and reads its header.
    pub(super) fn open(path: &Path) -> Result<Self, RecoveryError> {
        let file = BufReader::new(File::open(path).map_err(at(path))?);
        let input = BufReader::new(expanded(file).map_err(at(path))?);
        let mut lines = Lines { path: path.to_owned(), input, number: 0 };
        let first = lines.next()?.ok_or_else(|| lines.wrong("the file is empty"))?;
        let header: Header = serde_json::from_str(&first).map_err(|_| lines.wrong(NO_SHOP))?;
        if (header.format.as_str(), header.version) != (FORMAT, VERSION) {
            return Err(lines.wrong("this exported shop has a format version that this program does not know"));
        }
        let mut count = Count::default();
        count.line(&first);
        Ok(Self { lines, count, header })
    }

    /// Reads the next line. Checks the count and the checksum at the last line.
    pub(super) fn next(&mut self) -> Result<Line, RecoveryError> {
        let line = self.lines.next()?.ok_or_else(|| self.wrong("the file was cut: its last line is missing"))?;
        if !line.starts_with(LAST) {
            self.count.line(&line);
            self.count.items += 1;
            return Ok(Line::Item(line));
        }
        let last: Last = serde_json::from_str(&line).map_err(|error| self.wrong(error))?;
        if last != std::mem::take(&mut self.count).last() {
            return Err(self.wrong("the file was changed: count or checksum differ"));
        }
        match self.lines.next()? {
            None => Ok(Line::Last(last)),
            Some(_) => Err(self.wrong("text follows the last line of the file")),
        }
    }

    /// Returns an error about the last line read.
    pub(super) fn wrong(&self, what: impl ToString) -> RecoveryError {
        self.lines.wrong(what)
    }
}
