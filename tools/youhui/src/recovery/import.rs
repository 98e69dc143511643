//! From a file into a table in which the shop is not.

use std::path::Path;

use chrono::{DateTime, Utc};
use indicatif::ProgressBar;
use shared::{
    domain::shop::ShopId,
    table::{
        Item,
        shop_import::{self, Import, MAX_DOORS},
        shop_items::{self, Fingerprint, ShopItem},
        store::Store,
    },
};

use super::{
    Moved, RecoveryError,
    file::{Last, Line, Reader},
};

/// The most items and bytes of one step: eight batches of 25 side by side.
const STEP_ITEMS: u64 = 200;
const STEP_BYTES: usize = 4 << 20;

/// What a file holds.
struct Contents {
    shop: ShopId,
    last: Last,
    /// How many of its items are data; the doors come after them, and the registry last.
    data: u64,
    /// Of the data.
    fingerprint: Fingerprint,
}

/// The shop that a file names in its first line.
///
/// # Errors
/// [`RecoveryError::Io`] and [`RecoveryError::File`] for a file that cannot be read or begins as none of an export.
pub fn shop_of(from: &Path) -> Result<ShopId, RecoveryError> {
    Ok(Reader::open(from)?.header.shop)
}

/// Stores the shop of a file in a table in which it is not, or goes on where an import of the same file was ended. What has
/// ended at `now` is left out. The shop is there when everything is: its data, compared with the file, and then its doors.
///
/// # Errors
/// [`RecoveryError::File`] for a file that is not a whole export, and [`RecoveryError::Store`] with a
/// [`shared::Error::Conflict`] where the shop is there already: nothing is written.
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
    bar.set_message("opening");
    open_doors(store, &mut file, import, &contents, now).await?;
    bar.set_position(contents.last.items);
    Ok(Moved { shop: contents.shop, items: contents.last.items, sha256: contents.last.sha256 })
}

/// Reads the whole file: each line is an item of its shop, data before doors, the registry last.
fn check(from: &Path) -> Result<Contents, RecoveryError> {
    let mut file = Reader::open(from)?;
    let shop = file.header.shop.clone();
    let mut fingerprint = Fingerprint::default();
    let (mut data, mut doors, mut registered) = (0, 0u64, false);
    loop {
        let line = match file.next()? {
            Line::Item(line) => line,
            Line::Last(_) if !registered => return Err(file.wrong("the shop itself is missing")),
            Line::Last(last) => return Ok(Contents { shop, last, data, fingerprint }),
        };
        let (item, _) = parse(&file, &shop, &line)?;
        if registered || (doors > 0 && !item.door) {
            return Err(file.wrong("this item comes too late"));
        }
        registered = item.is_registry(&shop);
        if item.door {
            doors += 1;
        } else {
            data += 1;
            fingerprint.add(&item);
        }
    }
}

fn parse(file: &Reader, shop: &ShopId, line: &str) -> Result<(ShopItem, Item), RecoveryError> {
    shop_items::parse(shop, line).map_err(|what| file.wrong(what))
}

/// The next item of a file that has one.
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

/// Puts the doors, and the registry when the file has been read to its end once more.
async fn open_doors(
    store: &Store,
    file: &mut Reader,
    mut import: Import,
    contents: &Contents,
    now: DateTime<Utc>,
) -> Result<(), RecoveryError> {
    let registry = contents.last.items - 1;
    while import.done < registry {
        let lines = (registry - import.done).min(MAX_DOORS as u64);
        let mut doors = Vec::new();
        for _ in 0..lines {
            let line = next_item(file)?;
            let (item, attributes) = parse(file, &contents.shop, &line)?;
            if !item.is_over(now) {
                doors.push(attributes);
            }
        }
        import.open(store, doors, lines).await?;
    }
    let line = next_item(file)?;
    let (_, registry) = parse(file, &contents.shop, &line)?;
    match file.next()? {
        Line::Last(last) if last == contents.last => Ok(import.finish(store, registry).await?),
        _ => Err(file.wrong("the file was changed while it was read")),
    }
}
