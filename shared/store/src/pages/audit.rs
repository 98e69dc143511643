//! Whether the tallies of a list say how many rows there are, and how to mend them where they do not.
//!
//! On a table that others write, tallies are read before the rows and after them. A tally counts its changes, so one that
//! was changed in between gives itself away, also where the change was undone: of it nothing is said.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    List,
    read::class,
    tally::{Counts, Place, Tallies},
};
use crate::{
    domain::shop::ShopId,
    error::Error,
    table::{
        entity, keys, sequence,
        store::{Range, Store, read_all},
        transaction::Transaction,
    },
};

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Audited {
    /// Rows of the list.
    pub rows: u64,
    /// What tallies say, and what they should.
    pub drift: Vec<TallyDrift>,
    /// Tallies that were changed meanwhile.
    pub unsettled: u64,
    lacking: Tallies,
}

/// A tally that is wrong.
#[derive(Debug, Clone)]
pub struct TallyDrift {
    /// Its level and bucket.
    pub tally: String,
    /// What it says, by class.
    pub stored: Counts,
    /// How many rows there are, by class.
    pub counted: Counts,
}

/// What is stored of all shards of a tally, and how often they were changed.
type Stored = BTreeMap<Place, (Counts, u64)>;

/// Counts the rows of a list one by one and compares every tally with them. It reads everything.
pub async fn audit(store: &Store, shop: &ShopId, list: &List) -> Result<Audited, Error> {
    let before = tallies(store, shop, list).await?;
    let (rows, counted) = rows(store, shop, list).await?;
    let after = tallies(store, shop, list).await?;
    let counted: BTreeMap<_, _> = counted.changes().map(|(place, counts)| (place.clone(), counts)).collect();
    let mut audited = Audited { rows, ..Audited::default() };
    let places: BTreeSet<_> = counted.keys().chain(after.keys()).collect();
    for place in places {
        let (stored, changes) = after.get(place).copied().unwrap_or_default();
        let (_, changes_before) = before.get(place).copied().unwrap_or_default();
        let counted = counted.get(place).copied().unwrap_or_default();
        if changes != changes_before {
            audited.unsettled += 1;
        } else if stored != counted {
            audited.lacking.lack(place, counted.less(stored));
            let tally = format!("{} level {} bucket {}", place.list, place.level, place.bucket);
            audited.drift.push(TallyDrift { tally, stored, counted });
        }
    }
    Ok(audited)
}

/// Adds to each tally what it lacks. An addition disturbs none that is made meanwhile.
pub async fn mend(store: &Store, audited: &Audited) -> Result<(), Error> {
    for lacking in audited.lacking.apart() {
        let mut transaction = Transaction::default();
        transaction.tallies = lacking;
        store.commit(&transaction).await?;
    }
    Ok(())
}

impl List {
    /// How often the top tallies were changed: as often as rows came, went, or changed their class.
    pub(in crate::table) async fn changes(&self, store: &Store, shop: &ShopId) -> Result<u64, Error> {
        let top = node(store, shop, self, (self.top(), 0)).await?;
        Ok(top.into_iter().map(|(_, _, changes)| changes).sum())
    }
}

/// Every tally of a list, from the top down.
async fn tallies(store: &Store, shop: &ShopId, list: &List) -> Result<Stored, Error> {
    let mut found = Stored::new();
    let mut parents = vec![0];
    for level in (0..list.shifts.len()).rev() {
        let nodes = parents.iter().map(|parent| node(store, shop, list, (level, *parent))).collect();
        let nodes = read_all(nodes).await?;
        parents = Vec::new();
        for (place, counts, changes) in nodes.into_iter().flatten() {
            parents.push(place.bucket);
            let (sum, times) = found.entry(place).or_default();
            sum.add(counts);
            *times += changes;
        }
        parents.sort_unstable();
        parents.dedup();
    }
    Ok(found)
}

/// The shards of the tallies below one bucket.
async fn node(
    store: &Store,
    shop: &ShopId,
    list: &List,
    (level, parent): (usize, u64),
) -> Result<Vec<(Place, Counts, u64)>, Error> {
    let pk = keys::tally_partition(shop, list.key_name(), level, parent);
    let items = store.query(&Range { pk, ..Range::default() }).await?;
    let of_item = |item: &crate::table::Item| {
        let bucket = keys::tally_bucket(item.get(keys::SK)?.as_s().ok()?)?;
        let place = Place { shop: shop.clone(), list: list.key_name(), level, parent, bucket };
        Some((place, Counts::of_item(item), Counts::changes_of(item)))
    };
    Ok(items.iter().filter_map(of_item).collect())
}

/// How many rows there are, and what the tallies of a list with them would say.
async fn rows(store: &Store, shop: &ShopId, list: &List) -> Result<(u64, Tallies), Error> {
    // Rows whose partitions are many have ids of ours.
    let many = list.row_shift < keys::POSITION_BITS;
    let last = if many { sequence::last(store, shop, list.name).await? >> list.row_shift } else { 0 };
    let (mut rows, mut counted) = (0, Tallies::default());
    for partition in 0..=last {
        let pk = keys::row_partition(shop, list.key_name(), partition);
        for item in store.query(&Range { pk, ..Range::default() }).await? {
            let position = entity::id(&item).ok_or_else(|| Error::Internal("a row without a position".to_owned()))?;
            counted.count(shop, list, position, class(&item), 1);
            rows += 1;
        }
    }
    Ok((rows, counted))
}
