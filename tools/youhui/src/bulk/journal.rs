//! The journal: the progress of a file, as JSON Lines beside it. Each line is on the disk before the next one is
//! written. An incomplete last line, left by a process that died, is ignored.

use std::{
    fs::{File, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::part_file::for_its_owner;
use serde::{Deserialize, Serialize};
use shared::domain::shop::ShopId;

use super::{BulkError, at};

/// The identity of a transfer: the file, its kind of rows, and the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The kind of rows, such as `points`.
    pub(super) of: String,
    /// The shop that the rows go to.
    pub(super) shop: ShopId,
    /// The SHA-256 checksum of the file.
    pub(super) sha256: String,
    /// The id of the transfer in the table. The same shop in another store has another id.
    pub(super) transfer: String,
}

/// The progress of a transfer. All rows up to here are in the shop or in the errors file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// The number of finished rows.
    pub(super) rows: u64,
    /// The number of accepted rows among them.
    pub(super) accepted: u64,
    /// The number of refused rows among them.
    pub(super) refused: u64,
    /// The number of refused rows that could not be read.
    #[serde(default)]
    pub(super) unread: u64,
    /// The length of the errors file in bytes.
    pub(super) errors_bytes: u64,
    /// The SHA-256 checksum of the errors file.
    #[serde(default)]
    pub(super) errors_sha256: String,
    /// The length of an issue's file of codes in bytes.
    pub(super) output_bytes: u64,
    /// True if all rows are done.
    pub(super) finished: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Head(Head),
    Note(Note),
}

/// The journal of a file. A transfer of standard input has no journal file.
#[derive(Debug)]
pub(super) struct Journal {
    file: Option<(PathBuf, File)>,
    head: Option<Head>,
    /// The progress so far.
    pub(super) note: Note,
    /// The position after the last complete line.
    end: u64,
}

impl Journal {
    /// Opens the journal at `path` for this process alone, and reads it.
    ///
    /// # Errors
    /// [`BulkError::Busy`] if another process has it open.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, BulkError> {
        let mut journal = Self { file: None, head: None, note: Note::default(), end: 0 };
        let Some(path) = path else { return Ok(journal) };
        let mut options = File::options();
        let mut file =
            for_its_owner(options.create(true).truncate(false).read(true).write(true)).open(path).map_err(at(path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BulkError::Busy(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(at(path)(error)),
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(at(path))?;
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(read) if line.ends_with(b"\n") => journal.read(read),
                _ => break,
            }
            journal.end += line.len() as u64;
        }
        journal.file = Some((path.to_owned(), file));
        Ok(journal)
    }

    fn read(&mut self, line: Line) {
        match line {
            Line::Head(head) => self.head = Some(head),
            Line::Note(note) => self.note = note,
        }
    }

    /// Returns the transfer that the journal describes.
    pub(super) fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Continues the journal of this transfer, or starts a new one if it describes another transfer.
    pub(super) fn begin(&mut self, head: Head) -> Result<(), BulkError> {
        if self.head.as_ref() != Some(&head) {
            (self.note, self.end) = (Note::default(), 0);
            self.write(&Line::Head(head.clone()))?;
            self.head = Some(head);
        }
        Ok(())
    }

    /// Appends the progress.
    pub(super) fn note(&mut self, note: Note) -> Result<(), BulkError> {
        self.write(&Line::Note(note.clone()))?;
        self.note = note;
        Ok(())
    }

    fn write(&mut self, line: &Line) -> Result<(), BulkError> {
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        let mut text = serde_json::to_vec(line).map_err(|error| at(path)(error.into()))?;
        text.push(b'\n');
        let end = self.end;
        let written = file.set_len(end).and_then(|()| file.seek(SeekFrom::Start(end)));
        let written = written.and_then(|_| file.write_all(&text)).and_then(|()| file.sync_data());
        written.map_err(at(path))?;
        self.end += text.len() as u64;
        Ok(())
    }
}
