//! The start of a transfer. It finds out how much of the file was transferred before, and decides what happens to the
//! files that exist.

use std::path::{Path, PathBuf};

use crate::part_file::is_there;
use shared::shop::operators::transfers;

use super::{
    BulkError, at,
    journal::{Head, Journal, Note},
    kind::{Kind, Places},
    refusals,
    shop_api::ShopApi,
    source::Source,
};

/// The warning for a file of which the table has a transfer and the journal has none.
const KNOWN: &str = "all or part of this file was done before, perhaps under another name; finished rows are not done \
    again (--anew does them again)";

/// The state of a file's earlier transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// There was no transfer, or `--anew` ignores it. The file is transferred from its first row.
    Nothing,
    /// The journal has the progress of a process that ended early.
    InJournal,
    /// All rows are done, and the files of the results exist.
    All,
    /// Some rows are done, and their results are not available: the table has a transfer that the journal does not
    /// have, or files are missing. Each row is sent again under its idempotency key, which returns the earlier result.
    InTable,
}

impl Done {
    /// Returns the state that the journal gives to this transfer.
    fn noted(places: &Places, note: &Note) -> Self {
        // After the end of the transfer the errors file belongs to the person who corrects it.
        let are_there = is_output_there(places, note) && (note.refused == 0 || places.errors.exists());
        match note.finished {
            false => Self::InJournal,
            true if are_there => Self::All,
            true => Self::InTable,
        }
    }
}

/// A transfer that is ready to start or to continue.
pub(super) struct Started {
    pub(super) journal: Journal,
    /// The id of the transfer in the table.
    pub(super) transfer: String,
    /// Warnings about results that the user may not expect.
    pub(super) warnings: Vec<String>,
}

/// Opens the journal, and creates the transfer in the table if it does not exist.
pub(super) async fn start<K: Kind>(
    api: &ShopApi,
    kind: &K,
    source: &Source,
    places: &Places,
    anew: bool,
) -> Result<Started, BulkError> {
    // No journal is created beside an output file that it does not describe.
    check_output(places, places.journal.as_deref().is_some_and(Path::exists))?;
    let mut journal = Journal::open(places.journal.as_deref())?;
    let head = |transfer| Head { of: kind.of(), shop: api.shop.id.clone(), sha256: source.sha256.clone(), transfer };
    let before = transfers::find(&api.store, &api.shop.id, &kind.of(), &source.sha256).await?.map(head);
    let is_noted = before.is_some() && journal.head() == before.as_ref();
    // An `--anew` run that was killed continues on the next run. Its finished rows do not count as new a second time.
    let anew = anew && (!is_noted || journal.note.finished);
    if !anew {
        refuse_changed(api, kind, source, places, &journal).await?;
    }
    let (before, is_noted) = (before.filter(|_| !anew), is_noted && !anew);
    let done = match before {
        None => Done::Nothing,
        Some(_) if is_noted => Done::noted(places, &journal.note),
        Some(_) => Done::InTable,
    };
    check_output(places, is_noted)?;
    let note = journal.note.clone();
    let aside = match done {
        Done::All => None,
        Done::InJournal if note.errors_bytes == 0 => None,
        _ => refusals::make_place(&places.errors, &note)?,
    };
    let head = match before {
        Some(before) => before,
        None => head(transfers::begin(&api.store, &api.shop.id, &kind.of(), &source.sha256, anew).await?),
    };
    let transfer = head.transfer.clone();
    journal.begin(head)?;
    let keeps = match done {
        Done::All => true,
        Done::InJournal => is_output_there(places, &note) && has(&places.errors, note.errors_bytes),
        Done::Nothing | Done::InTable => false,
    };
    if !keeps && journal.note != Note::default() {
        journal.note(Note::default())?;
    }
    let errors = places.errors.display();
    let kept =
        |aside: PathBuf| format!("{errors} already existed and may have been corrected; it is now {}", aside.display());
    let known = (done == Done::InTable).then(|| KNOWN.to_owned());
    Ok(Started { journal, transfer, warnings: known.into_iter().chain(aside.map(kept)).collect() })
}

/// Refuses a file that was changed after some of its rows were transferred, if those rows would count again. The
/// journal of an issue lies beside the file of codes and may belong to another file. If the file of codes is missing,
/// the file is refused too: it may be a changed one.
async fn refuse_changed<K: Kind>(
    api: &ShopApi,
    kind: &K,
    source: &Source,
    places: &Places,
    journal: &Journal,
) -> Result<(), BulkError> {
    let is_other = |head: &&Head| head.of == kind.of() && head.shop == api.shop.id && head.sha256 != source.sha256;
    let Some(head) = journal.head().filter(is_other) else { return Ok(()) };
    if journal.note.finished && kind.is_repeatable() {
        return Ok(());
    }
    // In another store this is the first transfer of another file.
    if transfers::find(&api.store, &head.shop, &head.of, &head.sha256).await?.as_ref() != Some(&head.transfer) {
        return Ok(());
    }
    let from = source.path.clone();
    Err(match &places.output {
        Some((to, _)) => BulkError::Taken { from, to: to.clone() },
        None => BulkError::Changed { path: from },
    })
}

/// Refuses to overwrite a file of codes that the journal does not describe.
fn check_output(places: &Places, is_noted: bool) -> Result<(), BulkError> {
    match &places.output {
        Some((path, _)) if path.exists() && !is_noted => Err(at(path)(is_there("--to"))),
        _ => Ok(()),
    }
}

fn is_output_there(places: &Places, note: &Note) -> bool {
    places.output.as_ref().is_none_or(|(path, _)| has(path, note.output_bytes))
}

/// Returns true if the file has at least this many bytes, or if none are expected.
fn has(path: &Path, bytes: u64) -> bool {
    bytes == 0 || std::fs::metadata(path).is_ok_and(|metadata| metadata.len() >= bytes)
}
