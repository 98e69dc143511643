//! Bulk loads, for imports into lists that nobody else writes to, and checks of the tallies.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    Item,
    additions::Additions,
    client::{Range, Store},
    entity, keys,
    pages::{
        Class, List,
        select::{Direction, Select},
        tally::Counts,
    },
};
use domain::{error::Error, shop::ShopId};

/// Number of rows that are collected before they are written.
const PARALLEL: usize = 400;

/// A load of new rows into any lists. Rows are written without transactions, and the tallies of all of them at the end.
/// Until [`Load::finish`] the rows are in no list.
#[derive(Debug)]
pub struct Load<'a> {
    store: &'a Store,
    shop: &'a ShopId,
    tallies: Additions,
    waiting: Vec<Item>,
}

impl<'a> Load<'a> {
    /// Starts a load. Its tallies replace the stored tallies of the same buckets, so those buckets must be empty.
    pub fn new(store: &'a Store, shop: &'a ShopId) -> Self {
        Self { store, shop, tallies: Additions::default(), waiting: Vec::new() }
    }

    /// Adds a row to a list.
    pub async fn push<T: Serialize>(
        &mut self,
        list: &List,
        position: u64,
        class: Class,
        entity: &T,
    ) -> Result<(), Error> {
        list.tally(&mut self.tallies, self.shop, (position, class), 1);
        let row = list.item(self.shop, position, class, entity)?;
        if let Some(copy) = list.class_copy(self.shop, position, class, &row) {
            self.put(copy).await?;
        }
        self.put(row).await
    }

    /// Adds an item that is in no list.
    pub async fn put(&mut self, item: Item) -> Result<(), Error> {
        self.waiting.push(item);
        if self.waiting.len() >= PARALLEL { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), Error> {
        self.store.batch_put(std::mem::take(&mut self.waiting)).await
    }

    /// Writes the remaining rows and then the tallies, which make the rows members of their lists.
    pub async fn finish(mut self) -> Result<(), Error> {
        self.flush().await?;
        self.store.batch_put(self.tallies.items().collect()).await
    }
}

/// Counts the rows of a list one by one, to compare them with its count. For tests and audits: it reads the whole list.
///
/// Returns the number of rows and the count.
pub async fn verify(store: &Store, shop: &ShopId, list: &List) -> Result<(u64, u64), Error> {
    let count = list.count(store, shop, None).await?;
    let newest = list.page(store, shop, &Select::first(1, Direction::Descending)).await?.rows;
    let last = newest.first().and_then(entity::id);
    let mut rows = 0;
    if let Some(last) = last {
        for partition in 0..=(last >> list.row_shift) {
            let pk = keys::row_partition(shop, list.key_name(), partition);
            rows += store.query(&Range { pk, ..Range::default() }).await?.len() as u64;
        }
    }
    Ok((rows, count))
}

/// Returns the number of rows that the top tallies of a list count on each shard. For measurements.
pub async fn shards(store: &Store, shop: &ShopId, list: &List) -> Result<BTreeMap<u8, i64>, Error> {
    let pk = keys::tally_partition(shop, list.key_name(), list.top(), 0);
    let mut shards = BTreeMap::new();
    for item in store.query(&Range { pk, ..Range::default() }).await? {
        let shard = entity::id(&item).and_then(|shard| u8::try_from(shard).ok()).unwrap_or_default();
        let rows: i64 = Counts::of_item(&item).0[..usize::from(list.classes)].iter().sum();
        *shards.entry(shard).or_default() += rows;
    }
    Ok(shards)
}
