//! How far a file has come: a file of JSON Lines beside it, of which each line is on the disk before the next one is thought
//! of. A line that was cut by the end of its process is passed over.

use std::{
    fs::{File, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use shared::domain::shop::ShopId;

use super::{BulkError, at};
use crate::part_file::for_its_owner;

/// What the file is moved in as, and under which transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// Such as `points`.
    pub(super) of: String,
    /// Into which shop.
    pub(super) shop: ShopId,
    /// The checksum of the file.
    pub(super) sha256: String,
    /// The id of the transfer in the table: the same shop elsewhere has another one.
    pub(super) transfer: String,
}

/// How far it has come: everything up to here is in the shop, or in the errors file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// The rows that are done.
    pub(super) rows: u64,
    /// Those of them that were accepted.
    pub(super) accepted: u64,
    /// Those that were refused.
    pub(super) refused: u64,
    /// Those of the refused that could not be read.
    #[serde(default)]
    pub(super) unread: u64,
    /// How long the errors file is.
    pub(super) errors_bytes: u64,
    /// The checksum of the errors file.
    #[serde(default)]
    pub(super) errors_sha256: String,
    /// How long the output is, of an issue.
    pub(super) output_bytes: u64,
    /// Whether that is all.
    pub(super) finished: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Head(Head),
    Note(Note),
}

/// The journal of a file; of standard input there is none.
#[derive(Debug)]
pub(super) struct Journal {
    file: Option<(PathBuf, File)>,
    head: Option<Head>,
    /// How far it has come.
    pub(super) note: Note,
    /// Where the last whole line ends.
    end: u64,
}

impl Journal {
    /// Opens the journal at `path` for this process alone, and reads what it says.
    ///
    /// # Errors
    /// [`BulkError::Busy`] where another process has it.
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

    /// What was moved when the journal was written last.
    pub(super) fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Goes on where this transfer was left, or begins a new journal where it is of another one.
    pub(super) fn begin(&mut self, head: Head) -> Result<(), BulkError> {
        if self.head.as_ref() != Some(&head) {
            (self.note, self.end) = (Note::default(), 0);
            self.write(&Line::Head(head.clone()))?;
            self.head = Some(head);
        }
        Ok(())
    }

    /// Notes how far it has come.
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
