//! The export of a whole shop from a table into a file.

use std::path::Path;

use crate::bulk::Format;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use indicatif::ProgressBar;
use shared::{
    domain::shop::ShopId,
    shop::operators::{
        shop_items::{self, Fingerprint, ShopItem},
        shops,
    },
    store::client::Store,
};

use super::{
    Moved, RecoveryError,
    file::{Header, Writer},
};

/// Writes every item of a shop to a new file, except items that expired before `now`.
///
/// # Errors
/// [`RecoveryError::Name`] if the file name is not that of JSON Lines. [`RecoveryError::Changed`] if the shop changed
/// during the export: everything is read a second time, and the file is kept if both readings are equal. It shows the
/// shop at a moment between them.
pub async fn export(
    store: &Store,
    shop: &ShopId,
    to: &Path,
    now: DateTime<Utc>,
    bar: &ProgressBar,
) -> Result<Moved, RecoveryError> {
    if Format::of_name(to) != Some(Format::Jsonl) {
        return Err(RecoveryError::Name(to.to_owned()));
    }
    if shops::get(store, shop).await?.is_none() {
        return Err(RecoveryError::NoShop(shop.clone()));
    }
    let mut file = Writer::create(to, &Header::new(shop, now))?;
    match write_settled(store, shop, &mut file, now, bar).await {
        Ok(()) => {
            let last = file.finish()?;
            Ok(Moved { shop: shop.clone(), items: last.items, sha256: last.sha256 })
        }
        Err(error) => {
            file.discard()?;
            Err(error)
        }
    }
}

/// Writes the shop, then reads it again. Returns an error if it changed.
async fn write_settled(
    store: &Store,
    shop: &ShopId,
    file: &mut Writer,
    now: DateTime<Utc>,
    bar: &ProgressBar,
) -> Result<(), RecoveryError> {
    bar.set_message("reading");
    let first = write(store, shop, file, now, bar).await?;
    bar.set_message("reading again");
    let mut second = Fingerprint::default();
    each(store, shop, bar, |item| {
        second.add(&item);
        Ok(())
    })
    .await?;
    if first == second { Ok(()) } else { Err(RecoveryError::Changed(shop.clone())) }
}

/// Writes the data as it is read. The entry points (the shop registry, the tokens and the index of due work) are kept
/// in memory and written last, the registry at the very end. There are only as many as the shop has tokens, and rules,
/// coupons and batches with due work.
async fn write(
    store: &Store,
    shop: &ShopId,
    file: &mut Writer,
    now: DateTime<Utc>,
    bar: &ProgressBar,
) -> Result<Fingerprint, RecoveryError> {
    let mut read = Fingerprint::default();
    let mut entry_points = Vec::new();
    each(store, shop, bar, |item| {
        read.add(&item);
        match item.entry_point {
            _ if item.is_over(now) => Ok(()),
            false => file.item(&item.line),
            true => {
                entry_points.push(item);
                Ok(())
            }
        }
    })
    .await?;
    entry_points.sort_by(|a, b| (a.is_registry(shop), &a.key).cmp(&(b.is_registry(shop), &b.key)));
    entry_points.iter().try_for_each(|entry_point| file.item(&entry_point.line))?;
    Ok(read)
}

async fn each(
    store: &Store,
    shop: &ShopId,
    bar: &ProgressBar,
    mut visit: impl FnMut(ShopItem) -> Result<(), RecoveryError>,
) -> Result<(), RecoveryError> {
    let mut pages = std::pin::pin!(shop_items::read(store, shop));
    while let Some(items) = pages.try_next().await? {
        bar.inc(items.len() as u64);
        items.into_iter().try_for_each(&mut visit)?;
    }
    Ok(())
}
