//! How a transfer begins: what was done of its file before, and what becomes of the files that are there.

use std::path::{Path, PathBuf};

use shared::table::transfers;

use super::{
    BulkError, at,
    journal::{Head, Journal, Note},
    refusals,
    shop_api::ShopApi,
    source::Source,
    transfer::{Kind, Places},
};
use crate::part_file::is_there;

/// What is said of a file that the table knows from elsewhere.
const KNOWN: &str = "this file was moved in before, wholly or in part, perhaps under another name: what was done then is not \
     done again (--anew does it again)";

/// What was done of a file before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// Nothing, or nothing that counts: it is moved in anew.
    Nothing,
    /// What the journal says: its process was ended.
    Noted,
    /// All of it, and what came of it is there.
    All,
    /// Something, and what came of it is not at hand: the table knows the file from elsewhere, or files are gone. Each row is
    /// sent again under its key, which says what was done.
    Known,
}

impl Done {
    /// What the journal says of this transfer.
    fn noted(places: &Places, note: &Note) -> Self {
        // Once all is done the errors file is whoever's who mends it.
        let are_there = is_output_there(places, note) && (note.refused == 0 || places.errors.exists());
        match note.finished {
            false => Self::Noted,
            true if are_there => Self::All,
            true => Self::Known,
        }
    }
}

/// A transfer that can go on.
pub(super) struct Begun {
    pub(super) journal: Journal,
    /// Its id in the table.
    pub(super) transfer: String,
    /// What may not be meant.
    pub(super) warnings: Vec<String>,
}

/// Opens the journal, and begins the transfer where it was not.
pub(super) async fn begin<K: Kind>(
    api: &ShopApi,
    kind: &K,
    source: &Source,
    places: &Places,
    anew: bool,
) -> Result<Begun, BulkError> {
    // No journal is made beside a file that it does not speak of.
    check_output(places, places.journal.as_deref().is_some_and(Path::exists))?;
    let mut journal = Journal::open(places.journal.as_deref())?;
    let head = |transfer| Head { of: kind.of(), shop: api.shop.id.clone(), sha256: source.sha256.clone(), transfer };
    let before = transfers::find(&api.store, &api.shop.id, &kind.of(), &source.sha256).await?.map(head);
    let is_noted = before.is_some() && journal.head() == before.as_ref();
    // The command that was killed is run again: its rows are not new for a second time.
    let anew = anew && (!is_noted || journal.note.finished);
    if !anew {
        refuse_changed(api, kind, source, places, &journal).await?;
    }
    let (before, is_noted) = (before.filter(|_| !anew), is_noted && !anew);
    let done = match before {
        None => Done::Nothing,
        Some(_) if is_noted => Done::noted(places, &journal.note),
        Some(_) => Done::Known,
    };
    check_output(places, is_noted)?;
    let note = journal.note.clone();
    let aside = match done {
        Done::All => None,
        Done::Noted if note.errors_bytes == 0 => None,
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
        Done::Noted => is_output_there(places, &note) && has(&places.errors, note.errors_bytes),
        Done::Nothing | Done::Known => false,
    };
    if !keeps && journal.note != Note::default() {
        journal.note(Note::default())?;
    }
    let errors = places.errors.display();
    let kept = |aside: PathBuf| format!("{errors} was there, perhaps mended: it is {} from here on", aside.display());
    let known = (done == Done::Known).then(|| KNOWN.to_owned());
    Ok(Begun { journal, transfer, warnings: known.into_iter().chain(aside.map(kept)).collect() })
}

/// Refuses a file that was changed since rows of it were moved in that would count again. The journal of an issue stands beside
/// the codes and may be that of another file. Where the codes are gone it is refused too: it may be a changed one.
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
    // In another store it is another file's first transfer.
    if transfers::find(&api.store, &head.shop, &head.of, &head.sha256).await?.as_ref() != Some(&head.transfer) {
        return Ok(());
    }
    let from = source.path.clone();
    Err(match &places.output {
        Some((to, _)) => BulkError::Taken { from, to: to.clone() },
        None => BulkError::Changed { path: from },
    })
}

/// Refuses to write over a file of codes that is not, or cannot be, the one that is noted.
fn check_output(places: &Places, is_noted: bool) -> Result<(), BulkError> {
    match &places.output {
        Some((path, _)) if path.exists() && !is_noted => Err(at(path)(is_there("--to"))),
        _ => Ok(()),
    }
}

fn is_output_there(places: &Places, note: &Note) -> bool {
    places.output.as_ref().is_none_or(|(path, _)| has(path, note.output_bytes))
}

/// Whether a file is there with so many bytes, if it should have any.
fn has(path: &Path, bytes: u64) -> bool {
    bytes == 0 || std::fs::metadata(path).is_ok_and(|metadata| metadata.len() >= bytes)
}
