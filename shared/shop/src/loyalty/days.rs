//! What the entries of each day sum to: a small item, which changes in the transaction of each entry. So what a shop owes
//! in points on any day is one range of one partition, however many entries there are.
//!
//! Every entry of a shop writes the item of its day, so it has shards like a tally: the first is enough until there is
//! contention. It counts its changes, so that an audit can tell whether it has changed meanwhile.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    Item, entity,
    keys::{self, Key},
    store::{Range, Store},
    transaction::{Transaction, Values, key_attributes, n, s},
};
use crate::{
    domain::{point_days::DaySums, points::PointEntry, shop::ShopId},
    error::Error,
};

/// The type attribute.
const TYPE: &str = "point_day";

/// The placeholders of the sums, in the order of [`DaySums::NAMES`].
const PLACEHOLDERS: [&str; 7] = [":earned", ":signed", ":returned", ":adjusted", ":redeemed", ":reversed", ":expired"];

/// What a transaction adds to days: each once, however many entries it writes.
#[derive(Debug, Clone, Default)]
pub struct PointDays(BTreeMap<(ShopId, NaiveDate), DaySums>);

impl PointDays {
    /// Adds an entry to its day.
    pub fn count(&mut self, shop: &ShopId, entry: &PointEntry) {
        *self.0.entry((shop.clone(), entry.day)).or_default() += DaySums::of(entry);
    }

    fn changes(&self) -> impl Iterator<Item = (&(ShopId, NaiveDate), &DaySums)> {
        self.0.iter().filter(|(_, sums)| **sums != DaySums::default())
    }

    /// How many items change.
    pub(super) fn len(&self) -> usize {
        self.changes().count()
    }

    /// The updates, on one shard of each day: key, expression and values.
    pub(super) fn updates(&self, shard: u8) -> impl Iterator<Item = (Key, String, Values)> {
        self.changes().map(move |((shop, day), sums)| {
            let (update, values) = addition(sums);
            (keys::point_day(shop, *day, shard), update, values)
        })
    }
}

/// The expression that adds to a day, and its values.
fn addition(sums: &DaySums) -> (String, Values) {
    let mut values = vec![(":type", s(TYPE)), (":one", n(1))];
    let mut adds = vec!["#changes :one".to_owned()];
    for ((name, placeholder), sum) in DaySums::NAMES.into_iter().zip(PLACEHOLDERS).zip(sums.values()) {
        if sum != 0 {
            adds.push(format!("#{name} {placeholder}"));
            values.push((placeholder, n(sum)));
        }
    }
    (format!("SET #type = :type ADD {}", adds.join(", ")), values)
}

/// A day as a bulk load writes it.
pub(super) fn item(shop: &ShopId, day: NaiveDate, sums: &DaySums) -> Item {
    let mut item = key_attributes(&keys::point_day(shop, day, 0));
    item.insert(keys::TYPE.to_owned(), s(TYPE));
    item.extend(DaySums::NAMES.into_iter().zip(sums.values()).map(|(name, sum)| (name.to_owned(), n(sum))));
    item
}

/// A day as it is stored, all shards together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredDay {
    /// What its entries sum to.
    pub sums: DaySums,
    /// How often it was changed.
    pub changes: u64,
}

#[derive(Deserialize)]
struct Shard {
    #[serde(flatten)]
    sums: DaySums,
    #[serde(default)]
    changes: u64,
}

/// All days, or those until `last`, that included.
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
            sk.and_then(|sk| keys::point_day_in(sk)).ok_or_else(|| Error::Internal("a day without one".into()))?;
        let shard: Shard = entity::entity(item)?;
        let stored = days.entry(day).or_default();
        stored.sums += shard.sums;
        stored.changes += shard.changes;
    }
    Ok(days)
}

/// Adds to a day what it lacks. An addition disturbs none that is made meanwhile.
pub(super) async fn mend(store: &Store, shop: &ShopId, day: NaiveDate, lacking: DaySums) -> Result<(), Error> {
    let mut transaction = Transaction::default();
    let (update, values) = addition(&lacking);
    transaction.update("day", keys::point_day(shop, day, 0), update, None, values);
    Ok(store.commit(&transaction).await?)
}

/// A day of [`liability`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LiabilityDay {
    /// The day in the shop's zone.
    pub day: NaiveDate,
    /// The points in the hands of customers when it began.
    pub opening: i64,
    /// What it added and took.
    #[serde(flatten)]
    pub sums: DaySums,
    /// The points in the hands of customers when it ended.
    pub closing: i64,
}

/// What a shop owed its customers in points on each day of a range that had entries, and on its first and last.
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
