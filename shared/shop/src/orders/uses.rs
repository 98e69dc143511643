//! What orders use, one small item each; and the two indexes of those of which something is to be stored or decided: that
//! of a shop, which every reader of codes looks at, and that of all shops, which the job reads.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join_all};
use serde::{Deserialize, Serialize};

use super::{
    entity::{self, VERSION},
    keys, orders,
    store::{Range, Store, read_all},
    transaction::{ABSENT, Transaction, n},
};
use crate::{
    domain::{id::Id, order::Effects, order_uses::OrderUses, shop::ShopId},
    error::Error,
};

/// The label of the record in a transaction.
const LABEL: &str = "order uses";

/// What an order uses, as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// What it uses.
    pub uses: OrderUses,
    /// The version of the item; 0 where there is none.
    version: u64,
}

/// An order in the indexes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Whose.
    pub shop: ShopId,
    /// Which.
    pub order_id: Id,
}

/// What an order uses.
pub async fn read(store: &Store, shop: &ShopId, order: Id) -> Result<Record, Error> {
    let Some(item) = store.get(&keys::order_uses(shop, order)).await? else { return Ok(Record::default()) };
    let (uses, version) = entity::versioned(item)?;
    Ok(Record { uses, version })
}

/// Writes what an order uses over what was read of it: up to five items. Refused under `order uses` where that has changed
/// since, be it that the order was paid or cancelled meanwhile.
pub(super) fn write(
    transaction: &mut Transaction,
    shop: &ShopId,
    order: Id,
    before: &Record,
    after: &OrderUses,
) -> Result<(), Error> {
    let key = keys::order_uses(shop, order);
    let mut item = entity::item(&key, "order_uses", after)?;
    item.insert(VERSION.to_owned(), n(before.version + 1));
    let (unchanged, values) = match before.version {
        0 => (ABSENT, Vec::new()),
        version => ("#version = :version", vec![(":version", n(version))]),
    };
    transaction.put(LABEL, item, Some(unchanged), values);
    let due = Due { shop: shop.clone(), order_id: order };
    for index in [keys::unsettled_order, keys::due_order] {
        let marks = |uses: &OrderUses| -> BTreeMap<_, _> {
            uses.due().map(|at| (index(shop, at, order), due.clone())).into_iter().collect()
        };
        transaction.bring("due order", &marks(&before.uses), &marks(after))?;
    }
    Ok(())
}

/// The orders of a shop of which something is to be stored or decided by now.
pub(super) async fn unsettled(store: &Store, shop: &ShopId, now: DateTime<Utc>) -> Result<Vec<Id>, Error> {
    let between = Some(keys::due_until(now));
    let due = store.query_as::<Due>(&Range { pk: keys::unsettled_orders(shop), between, ..Range::default() }).await?;
    Ok(due.into_iter().map(|due| due.order_id).collect())
}

/// The same of all shops.
pub async fn due(store: &Store, now: DateTime<Utc>) -> Result<Vec<Due>, Error> {
    let shards = (0..keys::DUE_SHARDS).map(async |shard| {
        let range = Range { pk: keys::due_orders(shard), between: Some(keys::due_until(now)), ..Range::default() };
        store.query_as(&range).await
    });
    Ok(try_join_all(shards).await?.into_iter().flatten().collect())
}

/// The codes that are used, though not every copy of them says so yet.
pub(super) async fn unstored_codes(store: &Store, shop: &ShopId, now: DateTime<Utc>) -> Result<HashSet<Id>, Error> {
    let unsettled = unsettled(store, shop, now).await?;
    let records = read_all(unsettled.into_iter().map(|order| read(store, shop, order)).collect()).await?;
    let unstored = records.into_iter().flat_map(|record| record.uses.uses).filter(|used| !used.stored);
    Ok(unstored.filter_map(|used| used.code_id).collect())
}

/// What was given back and is not stored yet: for a reader that may not write.
#[derive(Debug, Default)]
pub(super) struct Freed {
    /// Codes that are not used, whatever their rows say.
    pub(super) codes: HashSet<Id>,
    /// Uses by rule and customer that the counters still count.
    uses: HashMap<(Id, Id), u64>,
}

impl Freed {
    /// Reads it: one range, which is empty at nearly all times.
    pub(super) async fn read(store: &Store, shop: &ShopId, now: DateTime<Utc>) -> Result<Self, Error> {
        let mut freed = Self::default();
        let unsettled = unsettled(store, shop, now).await?;
        if unsettled.is_empty() {
            return Ok(freed);
        }
        let keys = |key: fn(&ShopId, Id) -> keys::Key| unsettled.iter().map(|order| key(shop, *order)).collect();
        let (records, orders) =
            try_join(store.batch_get(keys(keys::order_uses)), store.batch_get(keys(keys::order_effects))).await?;
        let mut paid = HashSet::new();
        for order in orders {
            let key = entity::key(&order);
            if entity::entity::<Effects>(order)?.paid {
                paid.extend(key.map(|key| key.pk));
            }
        }
        for item in records {
            let paid = entity::key(&item).is_some_and(|key| paid.contains(&key.pk));
            let mut uses: OrderUses = entity::entity(item)?;
            uses.end_holds(now, paid);
            for used in uses.uses.iter().filter(|used| used.released_at.is_some()) {
                freed.codes.extend(used.code_id);
                *freed.uses.entry((used.price_rule_id, uses.customer_id)).or_default() += 1;
            }
        }
        Ok(freed)
    }

    /// What an order uses itself, which does not stand in its own way.
    pub(super) fn of_order(uses: &OrderUses) -> Self {
        let mut freed = Self::default();
        for used in uses.live() {
            *freed.uses.entry((used.price_rule_id, uses.customer_id)).or_default() += 1;
        }
        freed
    }

    /// How many uses of a rule that are given back are still counted: in all, and of a customer.
    pub(super) fn of_rule(&self, rule: Id, customer: Option<Id>) -> (u64, u64) {
        let of = |wanted: &dyn Fn(Id) -> bool| {
            let uses = self.uses.iter().filter(|((of, customer), _)| *of == rule && wanted(*customer));
            uses.map(|(_, uses)| uses).sum()
        };
        (of(&|_| true), of(&|one| Some(one) == customer))
    }
}

/// Whether an order is paid; one that is not stored is not.
pub(super) async fn is_paid(store: &Store, shop: &ShopId, order: Id) -> Result<bool, Error> {
    Ok(orders::effects(store, shop, order).await?.is_some_and(|order| order.effects.paid))
}
