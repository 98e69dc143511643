//! How codes are seen where that is not how they are stored.
//!
//! A code's stored class is unused, used or expired; its *effective* status follows the clock and its rule. A job brings
//! the stored classes after (`expiry`); until it has, one small partition of the shop says which rules
//! and coupons it has not caught up with, and every list of codes reads the range of it that concerns the moment:
//!
//! * a rule whose `ends_at` has come (`ENDS`, by that instant), or was changed after its codes had expired (`CHANGED`);
//! * a coupon that was deleted and whose codes are still there (`DELETED`);
//! * for what is available, also rules that are off (`OFF`) or begin later (`STARTS`).
//!
//! The lists correct what their tallies say by the tallies of just those coupons.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::{
    keys,
    pages::Class,
    price_rules::{StoredAs, StoredRule},
    store::{Range, Store, read_all},
    transaction::Transaction,
};
use crate::{
    domain::{coupon_code::Status, id::Id, shop::ShopId},
    error::Error,
};

/// The class of codes that were stored as unused.
pub const UNUSED: Class = 0;
/// The class of used codes.
pub const USED: Class = 1;
/// The class of codes that were stored as expired.
pub const EXPIRED: Class = 2;

/// A rule or a coupon in the partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// Why it stands there.
    why: Why,
    /// The rule, or the deleted coupon.
    id: Id,
    /// When the rule ends.
    ends_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Why {
    Changed,
    Deleted,
    Ends,
    Off,
    Starts,
}

/// A rule or a coupon in the index of what is due, which only jobs read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Whose.
    pub shop: ShopId,
    /// The rule or the coupon.
    pub id: Id,
}

fn marks(shop: &ShopId, stored: Option<&StoredRule>) -> (BTreeMap<keys::Key, Mark>, BTreeMap<keys::Key, Due>) {
    let (mut marks, mut due) = (BTreeMap::new(), BTreeMap::new());
    // A rule without coupons has no codes.
    let Some(StoredRule { rule, codes, .. }) = stored.filter(|stored| stored.coupons > 0) else {
        return (marks, due);
    };
    let mut mark = |key, why| {
        marks.insert(key, Mark { why, id: rule.id, ends_at: rule.ends_at });
    };
    let due_now = Due { shop: shop.clone(), id: rule.id };
    match (codes, rule.ends_at) {
        (StoredAs::Unused, Some(at)) => {
            mark(keys::standing_ends(shop, at, rule.id), Why::Ends);
            due.insert(keys::due_rule(shop, at, rule.id), due_now);
        }
        (StoredAs::Mixed | StoredAs::Expiring | StoredAs::Reviving, _) => {
            mark(keys::standing_mixed(shop, rule.id), Why::Changed);
            due.insert(keys::due_rule(shop, DateTime::UNIX_EPOCH, rule.id), due_now);
        }
        (StoredAs::Unused, None) | (StoredAs::Expired, _) => {}
    }
    // What has expired is not available anyhow.
    if *codes == StoredAs::Expired {
        return (marks, due);
    }
    if !rule.is_enabled {
        mark(keys::standing_off(shop, rule.id), Why::Off);
    }
    if let Some(at) = rule.starts_at {
        mark(keys::standing_starts(shop, at, rule.id), Why::Starts);
    }
    (marks, due)
}

/// Brings the partition and the index of what is due from what they say of a rule before to what they must say after.
pub(super) fn bring(
    transaction: &mut Transaction,
    shop: &ShopId,
    before: Option<&StoredRule>,
    after: Option<&StoredRule>,
) -> Result<(), Error> {
    let ((marks_before, due_before), (marks_after, due_after)) = (marks(shop, before), marks(shop, after));
    transaction.bring("standing", &marks_before, &marks_after)?;
    transaction.bring("due", &due_before, &due_after)
}

/// Says that a coupon is deleted and its codes are not yet, or not any more.
pub(super) fn bring_deleted(
    transaction: &mut Transaction,
    shop: &ShopId,
    coupon: Id,
    (before, after): (bool, bool),
) -> Result<(), Error> {
    let mark = (keys::standing_deleted(shop, coupon), Mark { why: Why::Deleted, id: coupon, ends_at: None });
    let due = (keys::due_coupon(shop, coupon), Due { shop: shop.clone(), id: coupon });
    let marks = |there: bool| there.then(|| mark.clone()).into_iter().collect();
    transaction.bring("standing", &marks(before), &marks(after))?;
    let dues = |there: bool| there.then(|| due.clone()).into_iter().collect();
    transaction.bring("due", &dues(before), &dues(after))
}

/// How the codes of one coupon are seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct View {
    /// The coupon is deleted: only used codes are there.
    gone: bool,
    /// Whether the rule has ended, where the stored classes do not say it.
    ended: Option<bool>,
    /// Whether the rule is off or has not begun.
    barred: bool,
}

impl View {
    /// The effective status of a code of this class, and whether it is available; `None` where it is not there any more.
    pub fn of(self, class: Class) -> Option<(Status, bool)> {
        if class == USED {
            return Some((Status::Used, false));
        }
        if self.gone {
            return None;
        }
        let ended = self.ended.unwrap_or(class == EXPIRED);
        Some(if ended { (Status::Expired, false) } else { (Status::Unused, !self.barred) })
    }
}

/// What is to be seen otherwise than it is stored, at a moment.
#[derive(Debug, Default)]
pub struct Standings {
    rules: HashMap<Id, View>,
    deleted: HashSet<Id>,
}

impl Standings {
    /// Reads them; what concerns only `available` is read where that is asked for.
    pub async fn read(store: &Store, shop: &ShopId, now: DateTime<Utc>, available: bool) -> Result<Self, Error> {
        let barred = keys::standings_barred(now).into_iter().filter(|_| available);
        let ranges = std::iter::once(keys::standings_at(now)).chain(barred);
        let read = ranges.map(async |between| {
            let range = Range { pk: keys::standings(shop), between: Some(between), ..Range::default() };
            store.query_as::<Mark>(&range).await
        });
        let mut standings = Self::default();
        for mark in try_join_all(read).await?.into_iter().flatten() {
            let ended = mark.ends_at.is_some_and(|end| end <= now);
            match mark.why {
                Why::Deleted => {
                    standings.deleted.insert(mark.id);
                }
                Why::Changed | Why::Ends => standings.rules.entry(mark.id).or_default().ended = Some(ended),
                Why::Off | Why::Starts => standings.rules.entry(mark.id).or_default().barred = true,
            }
        }
        Ok(standings)
    }

    /// Without the rules, or the deleted coupons, where they do not concern who looks.
    #[must_use]
    pub fn that_concern(mut self, rules: bool, deleted: bool) -> Self {
        if !rules {
            self.rules.clear();
        }
        if !deleted {
            self.deleted.clear();
        }
        self
    }

    /// Whether everything is seen as it is stored.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.deleted.is_empty()
    }

    /// How the codes of a coupon are seen.
    pub fn view(&self, rule: Id, coupon: Id) -> View {
        let view = self.rules.get(&rule).copied().unwrap_or_default();
        View { gone: self.deleted.contains(&coupon), ..view }
    }

    /// The coupons whose codes are seen otherwise than they are stored.
    pub async fn coupons(&self, store: &Store, shop: &ShopId) -> Result<Vec<(Id, View)>, Error> {
        let of_rules = self.rules.iter().map(async |(rule, view)| {
            let coupons = coupons_of_rule(store, shop, *rule).await?;
            Ok::<_, Error>(coupons.into_iter().map(|coupon| (coupon, *view)).collect::<Vec<_>>())
        });
        let mut coupons: HashMap<_, _> = read_all(of_rules.collect()).await?.into_iter().flatten().collect();
        for coupon in &self.deleted {
            coupons.insert(*coupon, View { gone: true, ..View::default() });
        }
        Ok(coupons.into_iter().collect())
    }
}

/// The ids of the coupons that have a rule, ascending.
pub(super) async fn coupons_of_rule(store: &Store, shop: &ShopId, rule: Id) -> Result<Vec<Id>, Error> {
    let items = store.query(&Range { pk: keys::coupons_of_rule(shop, rule), ..Range::default() }).await?;
    Ok(items.iter().filter_map(super::entity::id).collect())
}

/// The rules of all shops whose codes are to be stored otherwise than they are.
pub async fn due_rules(store: &Store, now: DateTime<Utc>) -> Result<Vec<Due>, Error> {
    let shards = (0..keys::DUE_SHARDS).map(async |shard| {
        let range = Range { pk: keys::due_rules(shard), between: Some(keys::due_until(now)), ..Range::default() };
        store.query_as(&range).await
    });
    Ok(try_join_all(shards).await?.into_iter().flatten().collect())
}

/// The deleted coupons of all shops whose codes are to be removed.
pub async fn due_coupons(store: &Store) -> Result<Vec<Due>, Error> {
    let shards = (0..keys::DUE_SHARDS)
        .map(async |shard| store.query_as(&Range { pk: keys::due_coupons(shard), ..Range::default() }).await);
    Ok(try_join_all(shards).await?.into_iter().flatten().collect())
}
