//! The sums of each day's ledger entries: a small item for each day, which changes in the transaction of each entry.
//! Thus the points that a shop owes on any day are one range of one partition, however many entries the shop has.
//!
//! Every new entry of a shop writes the item of its day, so the item has shards like a tally. One shard is enough until
//! transactions conflict. A shard counts its changes, so that an audit notices changes during its reading.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::keys;
use domain::{error::Error, point_days::DaySums, points::PointEntry, shop::ShopId};
use store::{
    additions::{Additions, Attribute},
    client::{Range, Store},
    entity,
    transaction::Transaction,
};

/// Value of the type attribute of these items.
const TYPE: &str = "point_day";

/// Placeholders of the sums in an update expression, in the order of [`DaySums::NAMES`].
const PLACEHOLDERS: [&str; 7] = [":earned", ":signed", ":returned", ":adjusted", ":redeemed", ":reversed", ":expired"];

/// Adds an entry to the sums of its day.
pub(crate) fn count(additions: &mut Additions, shop: &ShopId, entry: &PointEntry) {
    add(additions, shop, entry.day, DaySums::of(entry));
}

/// Adds to the sums of a day.
fn add(additions: &mut Additions, shop: &ShopId, day: NaiveDate, sums: DaySums) {
    let attributes = DaySums::NAMES.into_iter().zip(PLACEHOLDERS);
    let attributes = attributes.map(|(name, placeholder)| Attribute { name, placeholder });
    additions.add(keys::point_day(shop, day), TYPE, attributes.zip(sums.values()));
}

/// The sums of one day, added over all its shards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredDay {
    /// Sums of the points of the day's entries.
    pub sums: DaySums,
    /// Number of transactions that changed the day. Bulk loads are not counted.
    pub changes: u64,
}

#[derive(Deserialize)]
struct Shard {
    #[serde(flatten)]
    sums: DaySums,
    #[serde(default)]
    changes: u64,
}

/// Reads the sums of all days, or of those up to and including `last`.
pub async fn until(
    store: &Store,
    shop: &ShopId,
    last: Option<NaiveDate>,
) -> Result<BTreeMap<NaiveDate, StoredDay>, Error> {
    let between = last.map(keys::point_days_until);
    let range = Range { pk: keys::point_days(shop), between, ..Range::default() };
    let mut days: BTreeMap<_, StoredDay> = BTreeMap::new();
    for item in store.query(&range).await? {
        let sk = item.get(keys::SK).and_then(|sk| sk.as_s().ok());
        let day =
            sk.and_then(|sk| keys::point_day_in(sk)).ok_or_else(|| Error::Internal("a sum without a day".into()))?;
        let shard: Shard = entity::entity(item)?;
        let stored = days.entry(day).or_default();
        stored.sums += shard.sums;
        stored.changes += shard.changes;
    }
    Ok(days)
}

/// Adds `lacking` to the sums of a day. The addition has no condition, so it is correct beside other writes.
pub(crate) async fn mend(store: &Store, shop: &ShopId, day: NaiveDate, lacking: DaySums) -> Result<(), Error> {
    let mut transaction = Transaction::default();
    add(&mut transaction.additions, shop, day, lacking);
    Ok(store.commit(&transaction).await?)
}

/// One day of [`liability`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LiabilityDay {
    /// The day in the shop's time zone.
    pub day: NaiveDate,
    /// Points that customers held when the day started.
    pub opening: i64,
    /// Points that the day added and removed, by kind of entry.
    #[serde(flatten)]
    pub sums: DaySums,
    /// Points that customers held when the day ended.
    pub closing: i64,
}

/// Returns the points that a shop owed its customers, for each day of the range that had entries and for its first and
/// last day. Reads all days up to `last`.
pub async fn liability(
    store: &Store,
    shop: &ShopId,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Vec<LiabilityDay>, Error> {
    let mut stored = until(store, shop, Some(last)).await?;
    for day in [first, last] {
        stored.entry(day).or_default();
    }
    let mut opening = 0;
    let mut days = Vec::new();
    for (day, StoredDay { sums, .. }) in stored {
        let closing = opening + sums.change();
        if day >= first {
            days.push(LiabilityDay { day, opening, sums, closing });
        }
        opening = closing;
    }
    Ok(days)
}
