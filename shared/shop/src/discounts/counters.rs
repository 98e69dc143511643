//! Counters with an optional quota: the codes of a coupon, and the live uses of a rule. A counter has 16 quota shards
//! ([`domain::quota`]). Every issue and every use writes one of them, with a limit or without. The counter of a
//! coupon's codes also counts which codes are used and which were claimed.
//!
//! All shards have the same *epoch*, and every write to a shard is conditioned on it. Some changes must not be
//! overtaken by writes that were planned before them: a new limit, the deletion of a coupon, and another class for
//! unused codes. Such a change is an *epoch change*: one transaction that gives all shards the next epoch. Writes of an
//! older epoch are then refused and planned again.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{try_join, try_join_all};
use rand::seq::SliceRandom;
use serde::Deserialize;

use crate::{
    discounts::rules::{self, stored::StoredRule},
    keys,
};
use domain::{
    error::Error,
    id::Id,
    price_rule::PriceRule,
    quota::{Part, Quota, SHARDS, Shard},
    shop::ShopId,
};
use store::{
    attempts::Attempts,
    client::{Range, Store},
    entity,
    item::{n, s},
    transaction::{Label, Transaction},
};

/// Label of a quota shard in a transaction.
pub(crate) const LABEL: Label = "counter";
/// Value of the type attribute of a quota shard.
const TYPE: &str = "counter_shard";

/// Subject of a counter, by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counter {
    /// Codes of a coupon that hold a quota place under its `allocation_limit`.
    CodesOf(Id),
    /// Live uses of a rule, under its `usage_limit`.
    UsesOf(Id),
}

impl Counter {
    fn name(self) -> (&'static str, Id) {
        match self {
            Self::CodesOf(coupon) => ("codes", coupon),
            Self::UsesOf(rule) => ("uses", rule),
        }
    }

    fn key(self, shop: &ShopId, shard: usize) -> keys::Key {
        let (name, of) = self.name();
        keys::counter_shard(shop, name, of, shard)
    }

    /// Returns the limit of the counter under this rule; `None` for no limit.
    fn limit(self, rule: &PriceRule) -> Option<u64> {
        match self {
            Self::CodesOf(_) => rule.most_codes(),
            Self::UsesOf(_) => rule.most_uses(),
        }
    }
}

/// One quota shard as it is stored. A shard of a new counter is not stored, and reads as the default.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stored {
    count: i64,
    room: i64,
    used: i64,
    claimed: i64,
    limit: Option<u64>,
    epoch: u64,
    lapsed: bool,
    closed: bool,
}

/// A snapshot of a counter: all its shards at one epoch. The coupon or the rule may have been read before the counter
/// or in parallel, and may be older than the epoch. `closed` then tells that the coupon was deleted, `lapsed` tells how
/// unused codes are stored, and [`under_limit`] corrects the limit. Read anything that these three do not cover after
/// the counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shards {
    counter: Counter,
    /// Count, room and limit of the shards.
    pub quota: Quota,
    /// Number of used codes, for the counter of a coupon.
    pub used: i64,
    /// Number of codes claimed with the passphrase, for the counter of a coupon.
    pub claimed: i64,
    epoch: u64,
    /// True if unused codes are to be stored as expired.
    pub lapsed: bool,
    /// True if the coupon is deleted and nothing is counted any more.
    pub closed: bool,
}

/// A change of a counter. It writes each shard that it names once, and at least one shard.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Additions by shard; see [`Shards::take`] and [`Shards::give`].
    pub parts: Vec<Part>,
    /// Difference of the number of used codes.
    pub used: i64,
    /// Difference of the number of claimed codes.
    pub claimed: i64,
}

impl From<Vec<Part>> for Change {
    fn from(parts: Vec<Part>) -> Self {
        Self { parts, ..Self::default() }
    }
}

/// A change of all shards of a counter, which starts the next epoch.
#[derive(Debug, Clone, Copy)]
pub enum EpochChange {
    /// Sets or removes the limit.
    Limit(Option<u64>),
    /// Sets the class in which unused codes are stored: true for expired.
    Lapsed(bool),
    /// Closes the counter: nothing is counted any more.
    Closed,
}

/// Changes a counter that nobody else writes, for bulk loads.
pub(crate) async fn load(store: &Store, shop: &ShopId, counter: Counter, change: Change) -> Result<(), Error> {
    let shards = read(store, shop, counter).await?;
    let mut transaction = Transaction::default();
    shards.write(&mut transaction, shop, &change);
    Ok(store.commit(&transaction).await?)
}

/// Reads a counter: one range of at most 16 small items. The range is read again if its shards have different epochs.
pub async fn read(store: &Store, shop: &ShopId, counter: Counter) -> Result<Shards, Error> {
    let (name, of) = counter.name();
    let range = Range { pk: keys::counter_partition(shop, name, of), ..Range::default() };
    let mut attempts = Attempts::default();
    loop {
        let mut shards =
            Shards { counter, quota: Quota::default(), used: 0, claimed: 0, epoch: 0, lapsed: false, closed: false };
        let mut epochs = Vec::with_capacity(SHARDS);
        for item in store.query(&range).await? {
            let shard = entity::id(&item).and_then(|id| usize::try_from(id).ok()).filter(|shard| *shard < SHARDS);
            let shard = shard.ok_or_else(|| Error::Internal("a shard without a number".to_owned()))?;
            let stored: Stored = entity::entity(item)?;
            shards.quota.shards[shard] = Shard { count: stored.count, room: stored.room };
            shards.quota.limit = stored.limit;
            shards.used += stored.used;
            shards.claimed += stored.claimed;
            (shards.epoch, shards.lapsed, shards.closed) = (stored.epoch, stored.lapsed, stored.closed);
            epochs.push(stored.epoch);
        }
        // An epoch change in the middle of the reading shows: some shards have the next epoch. After the first epoch
        // change, which creates all shards, some may be missing instead.
        let whole = epochs.iter().all(|epoch| *epoch == 0)
            || (epochs.len() == SHARDS && epochs.iter().all(|epoch| *epoch == epochs[0]));
        if whole {
            return Ok(shards);
        }
        attempts.pause().await?;
    }
}

/// Reads the counters of several coupons or rules in parallel, by id.
pub(crate) async fn read_each(
    store: &Store,
    shop: &ShopId,
    counter: fn(Id) -> Counter,
    ids: impl IntoIterator<Item = Id>,
) -> Result<HashMap<Id, Shards>, Error> {
    let reads = ids.into_iter().map(async |id| Ok::<_, Error>((id, read(store, shop, counter(id)).await?)));
    Ok(try_join_all(reads).await?.into_iter().collect())
}

/// Returns the counter with the limit of its rule. If the shards still have an older limit, an epoch change sets the
/// new one first, which costs 3 more round trips.
pub async fn under_limit(store: &Store, shop: &ShopId, shards: Shards, rule: &PriceRule) -> Result<Shards, Error> {
    let counter = shards.counter;
    if shards.closed || shards.quota.limit == counter.limit(rule) {
        return Ok(shards);
    }
    set_limit(store, shop, counter, rule.id).await?;
    read(store, shop, counter).await
}

/// Sets the limit of a counter to that of its rule. The transaction is conditioned on the version of the rule.
async fn set_limit(store: &Store, shop: &ShopId, counter: Counter, rule: Id) -> Result<(), Error> {
    let plan = async || {
        let (row, shards) = try_join(store.get(&rules::rows::key(shop, rule)), read(store, shop, counter)).await?;
        let Some(row) = row else { return Ok(None) };
        let (stored, version) = entity::versioned::<StoredRule>(row)?;
        let limit = counter.limit(&stored.rule);
        if shards.closed || shards.quota.limit == limit {
            return Ok(None);
        }
        let mut transaction = Transaction::default();
        shards.change_epoch(&mut transaction, shop, EpochChange::Limit(limit));
        rules::rows::check_version(&mut transaction, shop, rule, version);
        Ok(Some(transaction))
    };
    store.bring_about(plan).await
}

impl Shards {
    /// Returns the shards from which to take `n`; `None` if less than `n` is left. A range query is no snapshot, so
    /// `None` is returned only after two readings found the same shards.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the shards keep changing.
    pub async fn take(&mut self, store: &Store, shop: &ShopId, n: u64) -> Result<Option<Vec<Part>>, Error> {
        let n = i64::try_from(n).unwrap_or(i64::MAX);
        let mut attempts = Attempts::default();
        loop {
            if let Some(parts) = self.quota.take(n, rand::random::<u8>().into()) {
                return Ok(Some(parts));
            }
            let again = read(store, shop, self.counter).await?;
            // Uses of codes continue when no place is left. They change neither the epoch nor the quota.
            if (again.epoch, again.quota) == (self.epoch, self.quota) {
                return Ok(None);
            }
            *self = again;
            attempts.pause().await?;
        }
    }

    /// Returns the shards to which to give `n` back.
    pub fn give(&self, n: u64) -> Vec<Part> {
        let parts = self.quota.give(i64::try_from(n).unwrap_or(i64::MAX), rand::random::<u8>().into());
        parts.into_iter().map(|(shard, part)| (shard, -part)).collect()
    }

    /// Adds a change to a transaction. Refused under the label `counter` if the epoch has changed, the counter is
    /// closed, or a shard has too little room by then.
    pub fn write(&self, transaction: &mut Transaction, shop: &ShopId, change: &Change) {
        let anywhere = [(usize::from(rand::random::<u8>()) % SHARDS, 0)];
        let parts = if change.parts.is_empty() { anywhere.as_slice() } else { &change.parts };
        for (index, (shard, by)) in parts.iter().enumerate() {
            let marks = if index == 0 { [("used", change.used), ("claimed", change.claimed)] } else { [("", 0); 2] };
            self.add(transaction, shop, (*shard, *by), marks);
        }
        if let [part] = parts {
            self.or_elsewhere(transaction, shop, *part);
        }
    }

    /// Allows the write that was added last to move to another shard if its transaction conflicts with another one.
    fn or_elsewhere(&self, transaction: &mut Transaction, shop: &ShopId, part: Part) {
        let mut shards = self.quota.elsewhere(part);
        shards.shuffle(&mut rand::rng());
        transaction.or_elsewhere(shards.into_iter().map(|shard| self.counter.key(shop, shard)).collect());
    }

    /// Adds missing places to the count without taking them off the room. For repairs.
    pub(crate) fn mend_count(&self, transaction: &mut Transaction, shop: &ShopId, missing: i64) {
        let unlimited = Self { quota: Quota { limit: None, ..self.quota }, ..self.clone() };
        unlimited.add(transaction, shop, (0, missing), [("", 0); 2]);
    }

    /// Conditions a transaction on the epoch without counting anything.
    pub fn check(&self, transaction: &mut Transaction, shop: &ShopId) {
        let shard = usize::from(rand::random::<u8>()) % SHARDS;
        let (condition, epoch) = self.in_epoch();
        transaction.check(LABEL, self.counter.key(shop, shard), condition, epoch);
        self.or_elsewhere(transaction, shop, (shard, 0));
    }

    /// Returns the condition of every write to a shard, with its values. A closed counter keeps its epoch for ever, so
    /// the condition also demands that the counter is not closed.
    fn in_epoch(&self) -> (&'static str, Vec<(&'static str, AttributeValue)>) {
        match self.epoch {
            0 => ("attribute_not_exists(#epoch)", Vec::new()),
            epoch => ("#epoch = :epoch AND attribute_not_exists(#closed)", vec![(":epoch", n(epoch))]),
        }
    }

    fn add(&self, transaction: &mut Transaction, shop: &ShopId, (shard, by): Part, marks: [(&'static str, i64); 2]) {
        let (condition, mut values) = self.in_epoch();
        values.push((":type", s(TYPE)));
        let mut condition = condition.to_owned();
        let mut adds = Vec::new();
        if by != 0 {
            adds.push("#count :by".to_owned());
            values.push((":by", n(by)));
            if self.quota.limit.is_some() {
                adds.push("#room :room".to_owned());
                values.push((":room", n(-by)));
                if by > 0 {
                    condition.push_str(" AND #room >= :by");
                }
            }
        }
        for ((mark, change), placeholder) in marks.into_iter().zip([":first", ":second"]) {
            if change != 0 {
                adds.push(format!("#{mark} {placeholder}"));
                values.push((placeholder, n(change)));
            }
        }
        let mut update = "SET #type = :type".to_owned();
        if !adds.is_empty() {
            update.push_str(&format!(" ADD {}", adds.join(", ")));
        }
        transaction.update_where(LABEL, self.counter.key(shop, shard), update, condition, values);
    }

    /// Adds an epoch change to a transaction: it writes all shards.
    pub fn change_epoch(&self, transaction: &mut Transaction, shop: &ShopId, change: EpochChange) {
        let rooms = if let EpochChange::Limit(Some(limit)) = change { Some(self.quota.rooms(limit)) } else { None };
        for shard in 0..SHARDS {
            let (condition, mut values) = self.in_epoch();
            let mut condition = condition.to_owned();
            let mut update = "SET #type = :type, #epoch = :next, #count = if_not_exists(#count, :zero)".to_owned();
            values.extend([(":type", s(TYPE)), (":next", n(self.epoch + 1)), (":zero", n(0))]);
            match change {
                EpochChange::Lapsed(lapsed) => {
                    update.push_str(", #lapsed = :lapsed");
                    values.push((":lapsed", AttributeValue::Bool(lapsed)));
                }
                EpochChange::Closed => {
                    update.push_str(", #closed = :closed");
                    values.push((":closed", AttributeValue::Bool(true)));
                }
                EpochChange::Limit(None) => update.push_str(" REMOVE #limit, #room"),
                EpochChange::Limit(Some(limit)) => {
                    let room = rooms.map_or(0, |rooms| rooms[shard]);
                    // Counts added meanwhile come off the room. A shard that gets no room must have exactly the count
                    // that was read; otherwise the transaction is refused and the room is distributed again.
                    update.push_str(", #limit = :limit, #room = :most - if_not_exists(#count, :zero)");
                    let fits = if room > 0 { "#count <= :most" } else { "#count = :count" };
                    let absent =
                        if self.quota.shards[shard].count == 0 { "attribute_not_exists(#count) OR " } else { "" };
                    condition.push_str(&format!(" AND ({absent}{fits})"));
                    let count = self.quota.shards[shard].count;
                    values.extend([(":limit", n(limit)), (":most", n(room + count))]);
                    if room <= 0 {
                        values.push((":count", n(count)));
                    }
                }
            }
            transaction.update_where(LABEL, self.counter.key(shop, shard), update, condition, values);
        }
    }
}
