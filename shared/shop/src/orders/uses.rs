//! The uses of each order, one small record for each; and two indexes of the orders that are due, which means that a
//! use of the order is to be stored or a hold to be decided. Every reader of codes queries the index of its shop. The
//! job queries the index of all shops.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join_all};
use serde::{Deserialize, Serialize};

use crate::{keys, orders::effects::effects};
use domain::{error::Error, id::Id, order::Effects, order_uses::OrderUses, shop::ShopId};
use store::{
    client::{Range, Store, read_all},
    entity::{self, VERSION},
    item::n,
    transaction::{ABSENT, Transaction},
};

/// Label of the record in a transaction.
const LABEL: &str = "order uses";

/// The uses of an order as they were read, with the version for conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionedUses {
    /// Codes and automatic price rules that the order uses.
    pub uses: OrderUses,
    /// Version of the item; 0 if there is none.
    version: u64,
}

/// An order in one of the two indexes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueOrder {
    /// The shop that owns the order.
    pub shop: ShopId,
    /// Id of the order.
    pub order_id: Id,
}

/// Reads the uses of an order. Returns an empty record for an order that never used anything.
pub async fn read(store: &Store, shop: &ShopId, order: Id) -> Result<VersionedUses, Error> {
    let Some(item) = store.get(&keys::order_uses(shop, order)).await? else { return Ok(VersionedUses::default()) };
    let (uses, version) = entity::versioned(item)?;
    Ok(VersionedUses { uses, version })
}

/// Writes the uses of an order in place of those that were read: at most five items. Refused under the label `order
/// uses` if the record has changed since, for example because the order was paid or cancelled.
pub(crate) fn write(
    transaction: &mut Transaction,
    shop: &ShopId,
    order: Id,
    before: &VersionedUses,
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
    let due = DueOrder { shop: shop.clone(), order_id: order };
    for index in [keys::unsettled_order, keys::due_order] {
        let marks = |uses: &OrderUses| -> BTreeMap<_, _> {
            uses.due().map(|at| (index(shop, at, order), due.clone())).into_iter().collect()
        };
        transaction.bring("due order", &marks(&before.uses), &marks(after))?;
    }
    Ok(())
}

/// Reads the orders of a shop that are due at `now`.
pub(crate) async fn unsettled(store: &Store, shop: &ShopId, now: DateTime<Utc>) -> Result<Vec<Id>, Error> {
    let between = Some(keys::due_until(now));
    let due =
        store.query_as::<DueOrder>(&Range { pk: keys::unsettled_orders(shop), between, ..Range::default() }).await?;
    Ok(due.into_iter().map(|due| due.order_id).collect())
}

/// Reads the orders of all shops that are due at `now`.
pub async fn due(store: &Store, now: DateTime<Utc>) -> Result<Vec<DueOrder>, Error> {
    let shards = (0..keys::DUE_SHARDS).map(async |shard| {
        let range = Range { pk: keys::due_orders(shard), between: Some(keys::due_until(now)), ..Range::default() };
        store.query_as(&range).await
    });
    Ok(try_join_all(shards).await?.into_iter().flatten().collect())
}

/// Reads the ids of the codes that are used although not every copy of them says so yet.
pub(crate) async fn unstored_codes(store: &Store, shop: &ShopId, now: DateTime<Utc>) -> Result<HashSet<Id>, Error> {
    let unsettled = unsettled(store, shop, now).await?;
    let records = read_all(unsettled.into_iter().map(|order| read(store, shop, order)).collect()).await?;
    let unstored = records.into_iter().flat_map(|record| record.uses.uses).filter(|used| !used.stored);
    Ok(unstored.filter_map(|used| used.code_id).collect())
}

/// Overlay of uses for readers that must not write: the uses that were released and are not stored as released yet.
#[derive(Debug, Default)]
pub(crate) struct ReleasedUses {
    /// Codes that are not used, whatever their rows say.
    pub(crate) codes: HashSet<Id>,
    /// Released uses that the counters still count, by rule and customer.
    uses: HashMap<(Id, Id), u64>,
}

impl ReleasedUses {
    /// Reads the overlay of a shop: one range, which is nearly always empty, and otherwise one batch for each of the
    /// records and the orders' effects.
    pub(crate) async fn read(store: &Store, shop: &ShopId, now: DateTime<Utc>) -> Result<Self, Error> {
        let mut released = Self::default();
        let unsettled = unsettled(store, shop, now).await?;
        if unsettled.is_empty() {
            return Ok(released);
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
                released.codes.extend(used.code_id);
                *released.uses.entry((used.price_rule_id, uses.customer_id)).or_default() += 1;
            }
        }
        Ok(released)
    }

    /// Returns the uses of this order as an overlay, so that they do not count against the order itself.
    pub(crate) fn of_order(uses: &OrderUses) -> Self {
        let mut released = Self::default();
        for used in uses.live() {
            *released.uses.entry((used.price_rule_id, uses.customer_id)).or_default() += 1;
        }
        released
    }

    /// Returns the number of released uses of a rule that the counters still count: of all customers, and of
    /// `customer`.
    pub(crate) fn of_rule(&self, rule: Id, customer: Option<Id>) -> (u64, u64) {
        let of = |wanted: &dyn Fn(Id) -> bool| {
            let uses = self.uses.iter().filter(|((of, customer), _)| *of == rule && wanted(*customer));
            uses.map(|(_, uses)| uses).sum()
        };
        (of(&|_| true), of(&|one| Some(one) == customer))
    }
}

/// True if the order is paid. An order that is not stored is not paid.
pub(crate) async fn is_paid(store: &Store, shop: &ShopId, order: Id) -> Result<bool, Error> {
    Ok(effects(store, shop, order).await?.is_some_and(|order| order.effects.paid))
}
