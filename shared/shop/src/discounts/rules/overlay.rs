//! The status overlay: rules and coupons whose codes have another effective status than the stored one.
//!
//! The stored class of a code is unused, used or expired. Its *effective* status follows the clock and its rule
//! (docs/api/coupon-codes.md). A job rewrites the stored classes (`expiry`). Until it has, one small partition of the
//! shop names the rules and coupons whose codes it has not rewritten. Every list of codes reads the range of this
//! partition that matters at the moment:
//!
//! * a rule whose `ends_at` has come (`ENDS`, sorted by that instant), or has changed after its codes had expired
//!   (`CHANGED`);
//! * a deleted coupon whose codes still exist (`DELETED`);
//! * for the status `available`, also rules that are not enabled (`OFF`) or start later (`STARTS`).
//!
//! A list then corrects its tallies by the tallies of only those coupons.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::{
    discounts::rules::stored::{StoredAs, StoredRule},
    keys,
};
use domain::{coupon_code::Status, error::Error, id::Id, shop::ShopId};
use store::{
    client::{Range, Store, read_all},
    pages::Class,
    transaction::Transaction,
};

/// Class of codes that are stored as unused.
pub const UNUSED: Class = 0;
/// Class of codes that are used.
pub const USED: Class = 1;
/// Class of codes that are stored as expired.
pub const EXPIRED: Class = 2;

/// One entry of the overlay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct OverlayEntry {
    /// Reason of the entry.
    why: OverlayReason,
    /// Id of the rule, or of the deleted coupon.
    id: Id,
    /// The rule's `ends_at`.
    ends_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OverlayReason {
    Changed,
    Deleted,
    Ends,
    Off,
    Starts,
}

/// A rule or a deleted coupon in the index of due work, which only jobs read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueRow {
    /// The shop that owns the rule or the coupon.
    pub shop: ShopId,
    /// Id of the rule or of the coupon.
    pub id: Id,
}

fn marks(
    shop: &ShopId,
    stored: Option<&StoredRule>,
) -> (BTreeMap<keys::Key, OverlayEntry>, BTreeMap<keys::Key, DueRow>) {
    let (mut marks, mut due) = (BTreeMap::new(), BTreeMap::new());
    // A rule without coupons has no codes.
    let Some(StoredRule { rule, codes, .. }) = stored.filter(|stored| stored.coupons > 0) else {
        return (marks, due);
    };
    let mut mark = |key, why| {
        marks.insert(key, OverlayEntry { why, id: rule.id, ends_at: rule.ends_at });
    };
    let due_now = DueRow { shop: shop.clone(), id: rule.id };
    match (codes, rule.ends_at) {
        (StoredAs::Unused, Some(at)) => {
            mark(keys::overlay_ends(shop, at, rule.id), OverlayReason::Ends);
            due.insert(keys::due_rule(shop, at, rule.id), due_now);
        }
        (StoredAs::Mixed | StoredAs::Expiring | StoredAs::Reviving, _) => {
            mark(keys::overlay_mixed(shop, rule.id), OverlayReason::Changed);
            due.insert(keys::due_rule(shop, DateTime::UNIX_EPOCH, rule.id), due_now);
        }
        (StoredAs::Unused, None) | (StoredAs::Expired, _) => {}
    }
    // Expired codes are never available, so the window of the rule does not matter.
    if *codes == StoredAs::Expired {
        return (marks, due);
    }
    if !rule.is_enabled {
        mark(keys::overlay_off(shop, rule.id), OverlayReason::Off);
    }
    if let Some(at) = rule.starts_at {
        mark(keys::overlay_starts(shop, at, rule.id), OverlayReason::Starts);
    }
    (marks, due)
}

/// Changes the overlay and the index of due work from a rule `before` to the rule `after`.
pub(crate) fn bring(
    transaction: &mut Transaction,
    shop: &ShopId,
    before: Option<&StoredRule>,
    after: Option<&StoredRule>,
) -> Result<(), Error> {
    let ((marks_before, due_before), (marks_after, due_after)) = (marks(shop, before), marks(shop, after));
    transaction.bring("standing", &marks_before, &marks_after)?;
    transaction.bring("due", &due_before, &due_after)
}

/// Adds or removes the overlay entry of a deleted coupon, with its entry in the index of due work. `before` and `after`
/// say if the entries exist.
pub(crate) fn bring_deleted(
    transaction: &mut Transaction,
    shop: &ShopId,
    coupon: Id,
    (before, after): (bool, bool),
) -> Result<(), Error> {
    let mark =
        (keys::overlay_deleted(shop, coupon), OverlayEntry { why: OverlayReason::Deleted, id: coupon, ends_at: None });
    let due = (keys::due_coupon(shop, coupon), DueRow { shop: shop.clone(), id: coupon });
    let marks = |there: bool| there.then(|| mark.clone()).into_iter().collect();
    transaction.bring("standing", &marks(before), &marks(after))?;
    let dues = |there: bool| there.then(|| due.clone()).into_iter().collect();
    transaction.bring("due", &dues(before), &dues(after))
}

/// Effective status of the codes of one coupon, relative to their stored class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatusCorrections {
    /// True if the coupon is deleted: only its used codes are left.
    gone: bool,
    /// True if the rule has ended; `None` if the stored classes are right.
    ended: Option<bool>,
    /// True if the rule is not enabled or has not started.
    barred: bool,
}

impl StatusCorrections {
    /// Returns the effective status of a code of this class, and true if it is available; `None` for a code of a
    /// deleted coupon that is gone.
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

/// The status overlay of a shop at one moment.
#[derive(Debug, Default)]
pub struct StatusOverlay {
    rules: HashMap<Id, StatusCorrections>,
    deleted: HashSet<Id>,
}

impl StatusOverlay {
    /// Reads the overlay. With `available` it also reads the two ranges that matter only for that status, in parallel.
    pub async fn read(store: &Store, shop: &ShopId, now: DateTime<Utc>, available: bool) -> Result<Self, Error> {
        let barred = keys::overlay_barred(now).into_iter().filter(|_| available);
        let ranges = std::iter::once(keys::overlay_at(now)).chain(barred);
        let read = ranges.map(async |between| {
            let range = Range { pk: keys::overlay(shop), between: Some(between), ..Range::default() };
            store.query_as::<OverlayEntry>(&range).await
        });
        let mut overlay = Self::default();
        for mark in try_join_all(read).await?.into_iter().flatten() {
            let ended = mark.ends_at.is_some_and(|end| end <= now);
            match mark.why {
                OverlayReason::Deleted => {
                    overlay.deleted.insert(mark.id);
                }
                OverlayReason::Changed | OverlayReason::Ends => {
                    overlay.rules.entry(mark.id).or_default().ended = Some(ended);
                }
                OverlayReason::Off | OverlayReason::Starts => overlay.rules.entry(mark.id).or_default().barred = true,
            }
        }
        Ok(overlay)
    }

    /// Drops the entries of rules, or those of deleted coupons, that cannot change the result of the caller.
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

    /// True if every code has the effective status that is stored.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.deleted.is_empty()
    }

    /// Returns the effective status of the codes of a coupon.
    pub fn view(&self, rule: Id, coupon: Id) -> StatusCorrections {
        let view = self.rules.get(&rule).copied().unwrap_or_default();
        StatusCorrections { gone: self.deleted.contains(&coupon), ..view }
    }

    /// Reads the coupons whose codes have another effective status than the stored one: one range query for each rule
    /// of the overlay.
    pub async fn coupons(&self, store: &Store, shop: &ShopId) -> Result<Vec<(Id, StatusCorrections)>, Error> {
        let of_rules = self.rules.iter().map(async |(rule, view)| {
            let coupons = coupons_of_rule(store, shop, *rule).await?;
            Ok::<_, Error>(coupons.into_iter().map(|coupon| (coupon, *view)).collect::<Vec<_>>())
        });
        let mut coupons: HashMap<_, _> = read_all(of_rules.collect()).await?.into_iter().flatten().collect();
        for coupon in &self.deleted {
            coupons.insert(*coupon, StatusCorrections { gone: true, ..StatusCorrections::default() });
        }
        Ok(coupons.into_iter().collect())
    }
}

/// Reads the ids of the coupons of a rule, ascending.
pub(crate) async fn coupons_of_rule(store: &Store, shop: &ShopId, rule: Id) -> Result<Vec<Id>, Error> {
    let items = store.query(&Range { pk: keys::coupons_of_rule(shop, rule), ..Range::default() }).await?;
    Ok(items.iter().filter_map(store::entity::id).collect())
}

/// Reads the rules of all shops whose codes the job has to rewrite at `now`.
pub async fn due_rules(store: &Store, now: DateTime<Utc>) -> Result<Vec<DueRow>, Error> {
    let shards = (0..keys::DUE_SHARDS).map(async |shard| {
        let range = Range { pk: keys::due_rules(shard), between: Some(keys::due_until(now)), ..Range::default() };
        store.query_as(&range).await
    });
    Ok(try_join_all(shards).await?.into_iter().flatten().collect())
}

/// Reads the deleted coupons of all shops whose codes the job has to remove.
pub async fn due_coupons(store: &Store) -> Result<Vec<DueRow>, Error> {
    let shards = (0..keys::DUE_SHARDS)
        .map(async |shard| store.query_as(&Range { pk: keys::due_coupons(shard), ..Range::default() }).await);
    Ok(try_join_all(shards).await?.into_iter().flatten().collect())
}
