//! The automatic price rules of a shop, which price every cart (docs/api/evaluation.md). Copies of their rows share one
//! partition, so that one range query reads all of them. An instance caches what it has read.
//!
//! One small item is read strongly on each use and tells whether the cache is current. It holds the *fingerprint*: a
//! sum with one term for each rule and version. Every change of an automatic rule adds the difference in its own
//! transaction, without a condition, so that changes do not conflict with each other. A reader of several items may see
//! half of a transaction. So rules that do not sum to the fingerprint are read again, and are never cached.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::{discounts::rules::stored::StoredRule, keys};
use domain::{error::Error, evaluation::Candidate, id::Id, price_rule::PriceRule, shop::ShopId};
use store::{
    attempts::Attempts,
    client::{Range, Store},
    entity,
    item::{n, s},
    transaction::Transaction,
};

/// Largest number of rules that an instance caches, over all shops.
const CAPACITY: usize = 20_000;

/// The copy of a rule in the partition of automatic rules.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Copy {
    #[serde(flatten)]
    rule: PriceRule,
    /// Version number of the rule, to which redemptions refer.
    rule_version: u64,
    /// Version of the rule's row.
    row_version: u64,
}

/// The fingerprint item. A shop that never had an automatic rule has none.
#[derive(Debug, Default, Deserialize)]
struct Version {
    fingerprint: i64,
}

/// Returns the term of a rule and version in the fingerprint: 48 pseudo-random bits (SplitMix64). Ten thousand terms
/// fit into the sum, and two sets of rules have different sums.
fn mark(rule: Id, row_version: u64) -> i64 {
    let mut bits =
        rule.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(row_version.wrapping_mul(0xD1B5_4A32_D192_ED03));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    i64::try_from((bits ^ (bits >> 31)) >> 16).unwrap_or(0)
}

/// Changes the copy of a rule and the fingerprint from `before` to `after`. Each side is a rule with the version of its
/// row; `None` if there is no rule on that side.
pub(crate) fn bring(
    transaction: &mut Transaction,
    shop: &ShopId,
    before: Option<(&StoredRule, u64)>,
    after: Option<(&StoredRule, u64)>,
) -> Result<(), Error> {
    let automatic = |(stored, _): &(&StoredRule, u64)| stored.rule.automatic_discount;
    let (before, after) = (before.filter(automatic), after.filter(automatic));
    let sum = |side: Option<(&StoredRule, u64)>| side.map_or(0, |(stored, version)| mark(stored.rule.id, version));
    match (before, after) {
        (None, None) => return Ok(()),
        (_, Some((stored, row_version))) => {
            let copy = Copy { rule: stored.rule.clone(), rule_version: stored.rule_version, row_version };
            let item = entity::item(&keys::automatic_rule(shop, stored.rule.id), "automatic_rule", &copy)?;
            transaction.put("automatic rule", item, None, Vec::new());
        }
        (Some((stored, _)), None) => {
            transaction.delete("automatic rule", keys::automatic_rule(shop, stored.rule.id), None, Vec::new());
        }
    }
    let values = vec![(":change", n(sum(after) - sum(before))), (":type", s("automatic_rules_version"))];
    let update = "SET #type = :type ADD #fingerprint :change";
    transaction.update("automatic rules", keys::automatic_rules_version(shop), update, None, values);
    Ok(())
}

/// The automatic rules of a shop, in the order in which they apply.
#[derive(Debug, Default)]
pub struct Rules {
    fingerprint: i64,
    /// Rules with a larger `priority` first; among equal ones the smaller id first.
    pub candidates: Vec<Candidate>,
    /// Version number of each rule.
    pub(crate) rule_versions: HashMap<Id, u64>,
}

impl Rules {
    /// Returns the rules without these.
    pub(crate) fn without(&self, excluded: &BTreeSet<Id>) -> Self {
        let candidates = self.candidates.iter().filter(|candidate| !excluded.contains(&candidate.rule.id));
        Self {
            fingerprint: self.fingerprint,
            candidates: candidates.cloned().collect(),
            rule_versions: self.rule_versions.clone(),
        }
    }
}

/// Cache of the automatic rules that an instance has read.
#[derive(Debug, Clone, Default)]
pub struct AutomaticRules(Arc<Mutex<HashMap<ShopId, Arc<Rules>>>>);

impl AutomaticRules {
    /// Returns the current automatic rules of a shop: one small read, and one range query more if they have changed.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if they keep changing.
    pub async fn of(&self, store: &Store, shop: &ShopId) -> Result<Arc<Rules>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let version: Version = store.read(&keys::automatic_rules_version(shop)).await?.unwrap_or_default();
            let known = self.known(shop).filter(|rules| rules.fingerprint == version.fingerprint);
            if let Some(rules) = known {
                return Ok(rules);
            }
            let rules = read(store, shop).await?;
            if rules.fingerprint == version.fingerprint {
                return Ok(self.keep(shop, rules));
            }
            attempts.pause().await?;
        }
    }

    /// Returns the cached rules of a shop, which may be out of date.
    pub(crate) fn known(&self, shop: &ShopId) -> Option<Arc<Rules>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(shop).cloned()
    }

    fn keep(&self, shop: &ShopId, rules: Rules) -> Arc<Rules> {
        let rules = Arc::new(rules);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(shop);
        // An instance serves few shops at a time, so it hardly matters which one is evicted.
        while known.values().map(|rules| rules.candidates.len()).sum::<usize>() + rules.candidates.len() > CAPACITY {
            let Some(other) = known.keys().next().cloned() else { break };
            known.remove(&other);
        }
        known.insert(shop.clone(), Arc::clone(&rules));
        rules
    }
}

async fn read(store: &Store, shop: &ShopId) -> Result<Rules, Error> {
    let copies: Vec<Copy> = store.query_as(&Range { pk: keys::automatic_rules(shop), ..Range::default() }).await?;
    let fingerprint = copies.iter().map(|copy| mark(copy.rule.id, copy.row_version)).sum();
    let rule_versions = copies.iter().map(|copy| (copy.rule.id, copy.rule_version)).collect();
    let mut candidates: Vec<_> = copies.into_iter().map(|copy| Candidate::new(copy.rule)).collect();
    candidates.sort_by_key(Candidate::rank);
    Ok(Rules { fingerprint, candidates, rule_versions })
}
