//! Audit of the tallies of a list: compares them with the rows, and corrects wrong ones.
//!
//! While others write to the table, tallies are read before the rows and again after them. Every tally counts its
//! changes, so a tally that changed in between is recognised, even if the change was undone. Nothing is reported about
//! such a tally.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    additions::Additions,
    client::{Range, Store, read_all},
    entity, keys,
    pages::{
        List,
        read::class,
        tally::{Counts, Place},
    },
    sequence,
    transaction::{MAX_ITEMS, Transaction},
};
use domain::{error::Error, shop::ShopId};

/// Findings of an audit.
#[derive(Debug, Clone, Default)]
pub struct Audited {
    /// Number of rows in the list.
    pub rows: u64,
    /// Tallies that are wrong, with the stored and the correct numbers.
    pub drift: Vec<TallyDrift>,
    /// Number of tallies that changed during the audit.
    pub unsettled: u64,
    lacking: Additions,
}

/// A tally that is wrong.
#[derive(Debug, Clone)]
pub struct TallyDrift {
    /// List, level and bucket of the tally.
    pub tally: String,
    /// Stored number of rows, by class.
    pub stored: Counts,
    /// Counted number of rows, by class.
    pub counted: Counts,
}

/// Sums over all shards of each tally: the counts, and the number of changes.
type Stored = BTreeMap<Place, (Counts, u64)>;

/// Counts the rows of a list one by one and compares every tally with them. Reads the whole list and all of its
/// tallies, which it reads twice.
pub async fn audit(store: &Store, shop: &ShopId, list: &List) -> Result<Audited, Error> {
    let before = tallies(store, shop, list).await?;
    let (rows, counted) = rows(store, shop, list).await?;
    let after = tallies(store, shop, list).await?;
    let mut audited = Audited { rows, ..Audited::default() };
    let places: BTreeSet<_> = counted.keys().chain(after.keys()).collect();
    for place in places {
        let (stored, changes) = after.get(place).copied().unwrap_or_default();
        let (_, changes_before) = before.get(place).copied().unwrap_or_default();
        let counted = counted.get(place).copied().unwrap_or_default();
        if changes != changes_before {
            audited.unsettled += 1;
        } else if stored != counted {
            list.add_to_tally(&mut audited.lacking, shop, *place, counted.less(stored));
            let tally = format!("{} level {} bucket {}", list.key_name(), place.level, place.bucket);
            audited.drift.push(TallyDrift { tally, stored, counted });
        }
    }
    Ok(audited)
}

/// Adds to each wrong tally the difference. An addition does not disturb concurrent ones.
pub async fn mend(store: &Store, audited: &Audited) -> Result<(), Error> {
    for additions in audited.lacking.clone().chunks(MAX_ITEMS) {
        let mut transaction = Transaction::default();
        transaction.additions = additions;
        store.commit(&transaction).await?;
    }
    Ok(())
}

impl List {
    /// Returns the number of changes of the top tallies. It grows whenever a row is added, removed or moved to another
    /// class.
    pub async fn changes(&self, store: &Store, shop: &ShopId) -> Result<u64, Error> {
        let top = node(store, shop, self, (self.top(), 0)).await?;
        Ok(top.into_iter().map(|(_, _, changes)| changes).sum())
    }
}

/// Reads every tally of a list, from the top level down.
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

/// Reads the shards of all tallies below one bucket.
async fn node(
    store: &Store,
    shop: &ShopId,
    list: &List,
    (level, parent): (usize, u64),
) -> Result<Vec<(Place, Counts, u64)>, Error> {
    let pk = keys::tally_partition(shop, list.key_name(), level, parent);
    let items = store.query(&Range { pk, ..Range::default() }).await?;
    let of_item = |item: &crate::Item| {
        let bucket = keys::tally_bucket(item.get(keys::SK)?.as_s().ok()?)?;
        let place = Place { level, parent, bucket };
        Some((place, Counts::of_item(item), Counts::changes_of(item)))
    };
    Ok(items.iter().filter_map(of_item).collect())
}

/// Counts the rows of a list. Returns their number, and the tallies that these rows require.
async fn rows(store: &Store, shop: &ShopId, list: &List) -> Result<(u64, BTreeMap<Place, Counts>), Error> {
    // Only lists over ids that this service chooses have several row partitions.
    let many = list.row_shift < keys::POSITION_BITS;
    let last = if many { sequence::last(store, shop, list.name).await? >> list.row_shift } else { 0 };
    let (mut rows, mut counted) = (0, BTreeMap::<_, Counts>::new());
    for partition in 0..=last {
        let pk = keys::row_partition(shop, list.key_name(), partition);
        for item in store.query(&Range { pk, ..Range::default() }).await? {
            let position = entity::id(&item).ok_or_else(|| Error::Internal("a row without a position".to_owned()))?;
            for place in list.places(position) {
                counted.entry(place).or_default().add(Counts::of_class(class(&item), 1));
            }
            rows += 1;
        }
    }
    Ok((rows, counted))
}
