//! The import of a whole shop from a file into a table that does not have the shop.

use std::path::Path;

use chrono::{DateTime, Utc};
use indicatif::ProgressBar;
use shared::{
    domain::shop::ShopId,
    shop::operators::{
        shop_import::{self, Import, MAX_ENTRY_POINTS},
        shop_items::{self, Fingerprint, ShopItem},
    },
    store::{Item, client::Store},
};

use super::{
    Moved, RecoveryError,
    file::{Last, Line, Reader},
};

/// The most items and bytes of one step: eight batches of 25 items at the same time.
const STEP_ITEMS: u64 = 200;
const STEP_BYTES: usize = 4 << 20;

/// The contents of a file, after its check.
struct Contents {
    shop: ShopId,
    last: Last,
    /// The number of data items. The entry points come after them, and the registry last.
    data: u64,
    /// The fingerprint of the data items.
    fingerprint: Fingerprint,
}

/// Returns the shop that the header of a file names.
///
/// # Errors
/// [`RecoveryError::Io`] and [`RecoveryError::File`] if the file cannot be read or has no header of an export.
pub fn shop_of(from: &Path) -> Result<ShopId, RecoveryError> {
    Ok(Reader::open(from)?.header.shop)
}

/// Imports the shop of a file into a table that does not have it, or continues an interrupted import of the same file.
/// Items that expired before `now` are left out. The data is written first and compared with the file; then the entry
/// points are written. So the shop becomes visible only when it is complete.
///
/// # Errors
/// [`RecoveryError::File`] if the file is not a complete export. [`RecoveryError::Store`] with a
/// [`shared::Error::Conflict`] if the shop exists already; nothing is written.
pub async fn import(store: &Store, from: &Path, now: DateTime<Utc>, bar: &ProgressBar) -> Result<Moved, RecoveryError> {
    bar.set_message("checking the file");
    let contents = check(from)?;
    bar.set_length(contents.last.items);
    bar.set_message("looking for the shop");
    let mut import = shop_import::begin(store, &contents.shop, &contents.last.sha256).await?;
    bar.set_message("writing");
    let mut file = Reader::open(from)?;
    for _ in 0..import.done {
        file.next()?;
    }
    bar.set_position(import.done);
    put_data(store, &mut file, &mut import, &contents, now, bar).await?;
    if import.done == contents.data {
        bar.set_message("comparing");
        import.verify(store, contents.fingerprint).await?;
    }
    bar.set_message("writing the entry points");
    write_entry_points(store, &mut file, import, &contents, now).await?;
    bar.set_position(contents.last.items);
    Ok(Moved { shop: contents.shop, items: contents.last.items, sha256: contents.last.sha256 })
}

/// Reads the whole file and checks the order of its items: data, entry points, registry. Each item must belong to the
/// shop.
fn check(from: &Path) -> Result<Contents, RecoveryError> {
    let mut file = Reader::open(from)?;
    let shop = file.header.shop.clone();
    let mut fingerprint = Fingerprint::default();
    let (mut data, mut entry_points, mut registered) = (0, 0u64, false);
    loop {
        let line = match file.next()? {
            Line::Item(line) => line,
            Line::Last(_) if !registered => return Err(file.wrong("the item of the shop itself is missing")),
            Line::Last(last) => return Ok(Contents { shop, last, data, fingerprint }),
        };
        let (item, _) = parse(&file, &shop, &line)?;
        if registered || (entry_points > 0 && !item.entry_point) {
            return Err(file.wrong("this item comes too late: tokens and the shop itself end the file"));
        }
        registered = item.is_registry(&shop);
        if item.entry_point {
            entry_points += 1;
        } else {
            data += 1;
            fingerprint.add(&item);
        }
    }
}

fn parse(file: &Reader, shop: &ShopId, line: &str) -> Result<(ShopItem, Item), RecoveryError> {
    shop_items::parse(shop, line).map_err(|what| file.wrong(what))
}

/// Returns the next item, which the file must have.
fn next_item(file: &mut Reader) -> Result<String, RecoveryError> {
    match file.next()? {
        Line::Item(line) => Ok(line),
        Line::Last(_) => Err(file.wrong("the file was changed while it was read")),
    }
}

async fn put_data(
    store: &Store,
    file: &mut Reader,
    import: &mut Import,
    contents: &Contents,
    now: DateTime<Utc>,
    bar: &ProgressBar,
) -> Result<(), RecoveryError> {
    while import.done < contents.data {
        let most = STEP_ITEMS.min(contents.data - import.done);
        let (mut items, mut lines, mut bytes) = (Vec::new(), 0, 0);
        while lines < most && bytes < STEP_BYTES {
            let line = next_item(file)?;
            let (item, attributes) = parse(file, &contents.shop, &line)?;
            (lines, bytes) = (lines + 1, bytes + line.len());
            if !item.is_over(now) {
                items.push(attributes);
            }
        }
        import.put(store, items, lines).await?;
        bar.inc(lines);
    }
    Ok(())
}

/// Writes the entry points. Reads the file to its end again before it writes the registry.
async fn write_entry_points(
    store: &Store,
    file: &mut Reader,
    mut import: Import,
    contents: &Contents,
    now: DateTime<Utc>,
) -> Result<(), RecoveryError> {
    let registry = contents.last.items - 1;
    while import.done < registry {
        let lines = (registry - import.done).min(MAX_ENTRY_POINTS as u64);
        let mut entry_points = Vec::new();
        for _ in 0..lines {
            let line = next_item(file)?;
            let (item, attributes) = parse(file, &contents.shop, &line)?;
            if !item.is_over(now) {
                entry_points.push(attributes);
            }
        }
        import.put_entry_points(store, entry_points, lines).await?;
    }
    let line = next_item(file)?;
    let (_, registry) = parse(file, &contents.shop, &line)?;
    match file.next()? {
        Line::Last(last) if last == contents.last => Ok(import.finish(store, registry).await?),
        _ => Err(file.wrong("the file was changed while it was read")),
    }
}
