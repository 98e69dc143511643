//! The transfer of a file into a shop. The rows go in groups, of which a few are sent at the same time, and a journal
//! keeps the progress.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use serde_json::Value;

use super::{
    BulkError, Summary, at,
    groups::{Group, Groups},
    journal::Note,
    kind::{Kind, Places, Sender, Verdict},
    output::{Growing, Shape},
    refusals::{Layout, Refusals},
    rows::{Original, Row, Rows},
    shop_api::ShopApi,
    source::Source,
    start::{Started, start},
};

/// The shortest time between two entries of the journal, because each entry waits for the disk.
const NOTE_EVERY: Duration = Duration::from_millis(500);

/// The open files of a transfer, without the journal.
struct Files {
    errors: PathBuf,
    layout: Layout,
    transfer: String,
    refusals: Option<Refusals>,
    output: Option<(Growing, Shape)>,
}

impl Files {
    fn open(places: &Places, layout: Layout, transfer: &str, note: &Note) -> Result<Self, BulkError> {
        let (errors, transfer) = (places.errors.clone(), transfer.to_owned());
        let mut files = Self { errors, layout, transfer, refusals: None, output: None };
        if note.errors_bytes > 0 {
            files.refusals(note)?;
        } else if places.errors.exists() {
            std::fs::remove_file(&places.errors).map_err(at(&places.errors))?;
        }
        if let Some((path, shape)) = &places.output {
            let mut output = Growing::open(path, note.output_bytes)?;
            if output.is_empty() {
                output.write(&shape.header().map_err(at(path))?);
            }
            files.output = Some((output, *shape));
        }
        Ok(files)
    }

    fn refusals(&mut self, note: &Note) -> Result<&mut Refusals, BulkError> {
        match &mut self.refusals {
            Some(refusals) => Ok(refusals),
            none => {
                let (layout, transfer) = (self.layout.clone(), self.transfer.clone());
                Ok(none.insert(Refusals::open(&self.errors, layout, transfer, note)?))
            }
        }
    }

    fn add(&mut self, row: &Row, verdict: &Verdict, note: &mut Note) -> Result<(), BulkError> {
        match verdict {
            Verdict::Refused(errors) => {
                note.refused += 1;
                note.unread += u64::from(matches!(row.original, Original::Untold));
                self.refusals(note)?.add(row, errors)?;
            }
            Verdict::Done(reply) => {
                note.accepted += 1;
                if let (Some((output, shape)), Value::Object(reply)) = (&mut self.output, reply) {
                    output.write(&shape.row(reply).map_err(at(&output.path))?);
                }
            }
        }
        Ok(())
    }

    fn sync(&mut self, note: &mut Note) -> Result<(), BulkError> {
        if let Some(refusals) = &mut self.refusals {
            refusals.sync(note)?;
        }
        if let Some((output, _)) = &mut self.output {
            note.output_bytes = output.sync()?;
        }
        Ok(())
    }
}

/// Transfers a file, or continues a transfer that was interrupted.
pub(super) async fn run<K: Kind>(
    api: &ShopApi,
    kind: &K,
    source: &Source,
    places: &Places,
    anew: bool,
    bar: &ProgressBar,
) -> Result<Summary, BulkError> {
    bar.set_length(source.bytes);
    bar.set_message(kind.of());
    places.check(source)?;
    let rows = Rows::open(source, kind.table(), bar)?;
    let Started { mut journal, transfer, warnings } = start(api, kind, source, places, anew).await?;
    let mut note = journal.note.clone();
    if note.finished {
        return Ok(Summary { done_before: true, ..summary(&note, places) });
    }
    warnings.iter().for_each(|warning| warn(bar, warning));
    let warning = (!warnings.is_empty()).then(|| warnings.join("; "));
    let layout = Layout::of(&rows, source.format, kind.table());
    let mut files = Files::open(places, layout, &transfer, &note)?;
    let sender = Sender { api, transfer: &transfer };
    let groups = Groups::new(rows, kind.most(), note.rows, kind.only_once());
    let groups = groups.map(|group| group.map(|group| if anew { group.anew() } else { group }));
    let sent = stream::iter(groups).map(async |group| send(kind, &sender, group?).await);
    let mut sent = std::pin::pin!(sent.buffered(kind.at_once()));
    let mut noted = Instant::now();
    loop {
        let group = sent.try_next().await;
        if let Ok(Some(group)) = &group {
            for (row, verdict) in group {
                files.add(row, verdict, &mut note)?;
                note.rows = row.number;
            }
        }
        note.finished = matches!(group, Ok(None));
        if noted.elapsed() > NOTE_EVERY || !matches!(group, Ok(Some(_))) {
            files.sync(&mut note)?;
            journal.note(note.clone())?;
            noted = Instant::now();
        }
        if group?.is_none() {
            return Ok(Summary { warning, ..summary(&note, places) });
        }
    }
}

/// Prints a warning on standard error.
pub(super) fn warn(bar: &ProgressBar, warning: &str) {
    bar.suspend(|| eprintln!("Warning: {warning}."));
}

fn summary(note: &Note, places: &Places) -> Summary {
    let Note { rows, accepted, refused, unread, .. } = *note;
    let errors = (refused > 0).then(|| places.errors.clone());
    Summary { rows, accepted, refused, unread, errors, ..Summary::default() }
}

/// Sends the readable rows of a group. Returns every row with its result, in the order of the file.
async fn send<K: Kind>(kind: &K, sender: &Sender<'_>, group: Group) -> Result<Vec<(Row, Verdict)>, BulkError> {
    let (mut readable, mut decided) = (Vec::new(), Vec::new());
    for row in group.rows {
        match &row.body {
            Ok(_) => readable.push(row),
            Err(errors) => {
                let errors = errors.clone();
                decided.push((row, Verdict::Refused(errors)));
            }
        }
    }
    if !readable.is_empty() {
        let verdicts = kind.send(sender, group.first, &readable).await?;
        decided.extend(readable.into_iter().zip(verdicts));
    }
    decided.sort_by_key(|(row, _)| row.number);
    Ok(decided)
}
