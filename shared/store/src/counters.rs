//! Counters of codes and uses in the table: 16 shards each ([`crate::domain::quota`]), of which every issue and every use
//! writes one, limited or not. Those of a coupon's codes also count which of them are used and which were claimed.
//!
//! All shards agree on their *epoch*: what is written to one is conditioned on it. Whatever must not be overtaken by
//! writes that were planned before it (a new limit, the end of a coupon, codes that from now on are stored as expired) is
//! a *turn*: one transaction that gives all shards the next epoch, so that those writes are refused and planned anew.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{try_join, try_join_all};
use rand::seq::SliceRandom;
use serde::Deserialize;

use super::{
    attempts::Attempts,
    entity, keys,
    price_rules::{self, StoredRule},
    store::{Range, Store},
    transaction::{Label, Transaction, n, s},
};
use crate::{
    domain::{
        id::Id,
        price_rule::PriceRule,
        quota::{Part, Quota, SHARDS, Shard},
        shop::ShopId,
    },
    error::Error,
};

/// The label of a shard in a transaction.
pub(super) const LABEL: Label = "counter";
/// The type attribute of a shard.
const TYPE: &str = "counter_shard";

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counter {
    /// The codes of a coupon that hold a place under its `allocation_limit`.
    CodesOf(Id),
    /// The live uses of a rule.
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

    /// What the rule allows.
    fn limit(self, rule: &PriceRule) -> Option<u64> {
        match self {
            Self::CodesOf(_) => rule.most_codes(),
            Self::UsesOf(_) => rule.most_uses(),
        }
    }
}

/// One shard as it is stored. Those of a new counter are not, and are as the default.
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

/// The shards of a counter as they were read. What they guard, a coupon or a rule, may have changed with the epoch where it
/// was read before them or beside: then a deleted coupon is told by `closed`, how codes are stored by `lapsed`, and another
/// limit by [`under_limit`]. What none of these tell is to be read after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shards {
    counter: Counter,
    /// Counts and limit.
    pub quota: Quota,
    /// Codes that are used, of a coupon.
    pub used: i64,
    /// Codes that were claimed with the passphrase, of a coupon.
    pub claimed: i64,
    epoch: u64,
    /// Whether codes that are not used are stored as expired from now on.
    pub lapsed: bool,
    /// Whether nothing is counted any more: the coupon is deleted.
    pub closed: bool,
}

/// A change of a counter: at most one write for each shard that it names, and at least one.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// What to count where; see [`Shards::take`] and [`Shards::give`].
    pub parts: Vec<Part>,
    /// More or fewer codes that are used.
    pub used: i64,
    /// More or fewer codes that were claimed.
    pub claimed: i64,
}

impl From<Vec<Part>> for Change {
    fn from(parts: Vec<Part>) -> Self {
        Self { parts, ..Self::default() }
    }
}

/// What all shards of a counter are to say from now on.
#[derive(Debug, Clone, Copy)]
pub enum Turn {
    /// Another limit.
    Limit(Option<u64>),
    /// How codes are stored that are not used.
    Lapsed(bool),
    /// Nothing is counted any more.
    Closed,
}

/// Changes a counter that nobody else writes, for bulk loads.
pub(super) async fn load(store: &Store, shop: &ShopId, counter: Counter, change: Change) -> Result<(), Error> {
    let shards = read(store, shop, counter).await?;
    let mut transaction = Transaction::default();
    shards.write(&mut transaction, shop, &change);
    Ok(store.commit(&transaction).await?)
}

/// Reads a counter: one range of at most 16 small items.
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
        // A turn in the middle of the reading gives itself away: some shards are of the next epoch, or, since the first
        // turn makes all of them, some are missing.
        let whole = epochs.iter().all(|epoch| *epoch == 0)
            || (epochs.len() == SHARDS && epochs.iter().all(|epoch| *epoch == epochs[0]));
        if whole {
            return Ok(shards);
        }
        attempts.pause().await?;
    }
}

/// Reads the counters of several coupons or rules side by side, by their ids.
pub(super) async fn read_each(
    store: &Store,
    shop: &ShopId,
    counter: fn(Id) -> Counter,
    ids: impl IntoIterator<Item = Id>,
) -> Result<HashMap<Id, Shards>, Error> {
    let reads = ids.into_iter().map(async |id| Ok::<_, Error>((id, read(store, shop, counter(id)).await?)));
    Ok(try_join_all(reads).await?.into_iter().collect())
}

/// The shards under the limit of their rule: where that was set since, they are turned first.
pub async fn under_limit(store: &Store, shop: &ShopId, shards: Shards, rule: &PriceRule) -> Result<Shards, Error> {
    let counter = shards.counter;
    if shards.closed || shards.quota.limit == counter.limit(rule) {
        return Ok(shards);
    }
    set_limit(store, shop, counter, rule.id).await?;
    read(store, shop, counter).await
}

/// Brings the limit of a counter to what its rule says, in a transaction that is refused where the rule changes.
async fn set_limit(store: &Store, shop: &ShopId, counter: Counter, rule: Id) -> Result<(), Error> {
    let plan = async || {
        let (row, shards) = try_join(store.get(&price_rules::key(shop, rule)), read(store, shop, counter)).await?;
        let Some(row) = row else { return Ok(None) };
        let (stored, version) = entity::versioned::<StoredRule>(row)?;
        let limit = counter.limit(&stored.rule);
        if shards.closed || shards.quota.limit == limit {
            return Ok(None);
        }
        let mut transaction = Transaction::default();
        shards.turn(&mut transaction, shop, Turn::Limit(limit));
        price_rules::check_version(&mut transaction, shop, rule, version);
        Ok(Some(transaction))
    };
    store.bring_about(plan).await
}

impl Shards {
    /// The shards to take `n` from; `None` where there is not so much left. That is said only of shards that two readings
    /// found the same, since one range is no reading of a single moment.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where they change all the time.
    pub async fn take(&mut self, store: &Store, shop: &ShopId, n: u64) -> Result<Option<Vec<Part>>, Error> {
        let n = i64::try_from(n).unwrap_or(i64::MAX);
        let mut attempts = Attempts::default();
        loop {
            if let Some(parts) = self.quota.take(n, rand::random::<u8>().into()) {
                return Ok(Some(parts));
            }
            let again = read(store, shop, self.counter).await?;
            // Uses of codes go on where no place is left: they change neither.
            if (again.epoch, again.quota) == (self.epoch, self.quota) {
                return Ok(None);
            }
            *self = again;
            attempts.pause().await?;
        }
    }

    /// The shards to give `n` back to.
    pub fn give(&self, n: u64) -> Vec<Part> {
        let parts = self.quota.give(i64::try_from(n).unwrap_or(i64::MAX), rand::random::<u8>().into());
        parts.into_iter().map(|(shard, part)| (shard, -part)).collect()
    }

    /// Writes a change; refused under `counter` where the shards have turned since, are closed, or have not the room any
    /// more.
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

    /// Lets what was just written meet the others on another shard where this one is contended.
    fn or_elsewhere(&self, transaction: &mut Transaction, shop: &ShopId, part: Part) {
        let mut shards = self.quota.elsewhere(part);
        shards.shuffle(&mut rand::rng());
        transaction.or_elsewhere(shards.into_iter().map(|shard| self.counter.key(shop, shard)).collect());
    }

    /// Counts what drifted, beside the room.
    pub(super) fn mend_count(&self, transaction: &mut Transaction, shop: &ShopId, missing: i64) {
        let unlimited = Self { quota: Quota { limit: None, ..self.quota }, ..self.clone() };
        unlimited.add(transaction, shop, (0, missing), [("", 0); 2]);
    }

    /// Relies on the epoch without counting anything.
    pub fn check(&self, transaction: &mut Transaction, shop: &ShopId) {
        let shard = usize::from(rand::random::<u8>()) % SHARDS;
        let (condition, epoch) = self.in_epoch();
        transaction.check(LABEL, self.counter.key(shop, shard), condition, epoch);
        self.or_elsewhere(transaction, shop, (shard, 0));
    }

    /// What every write to a shard is conditioned on. A closed counter is in an epoch that does not end, so that it is
    /// closed stands in the condition too.
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

    /// Gives all shards the next epoch.
    pub fn turn(&self, transaction: &mut Transaction, shop: &ShopId, turn: Turn) {
        let rooms = if let Turn::Limit(Some(limit)) = turn { Some(self.quota.rooms(limit)) } else { None };
        for shard in 0..SHARDS {
            let (condition, mut values) = self.in_epoch();
            let mut condition = condition.to_owned();
            let mut update = "SET #type = :type, #epoch = :next, #count = if_not_exists(#count, :zero)".to_owned();
            values.extend([(":type", s(TYPE)), (":next", n(self.epoch + 1)), (":zero", n(0))]);
            match turn {
                Turn::Lapsed(lapsed) => {
                    update.push_str(", #lapsed = :lapsed");
                    values.push((":lapsed", AttributeValue::Bool(lapsed)));
                }
                Turn::Closed => {
                    update.push_str(", #closed = :closed");
                    values.push((":closed", AttributeValue::Bool(true)));
                }
                Turn::Limit(None) => update.push_str(" REMOVE #limit, #room"),
                Turn::Limit(Some(limit)) => {
                    let room = rooms.map_or(0, |rooms| rooms[shard]);
                    // What is counted meanwhile comes off the room; where none is left, the rooms are shared out anew.
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
