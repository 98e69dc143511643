//! The automatic price rules of a shop, which every cart is priced with: copies of their rows in one partition, so that all
//! are one range, and an instance keeps what it has read.
//!
//! Whether that still holds is told by one small item, which is read strongly each time: the *fingerprint*, a sum of a
//! number for each rule and version. Every change of an automatic rule adds the difference in its own transaction, without
//! a condition, so that changes do not wait for one another. A transaction is not seen at one moment by readers of several
//! items: rules that do not sum to the fingerprint are read again, and never kept.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::{
    attempts::Attempts,
    entity, keys,
    price_rules::StoredRule,
    store::{Range, Store},
    transaction::{Transaction, n, s},
};
use crate::{
    domain::{evaluation::Candidate, id::Id, price_rule::PriceRule, shop::ShopId},
    error::Error,
};

/// The most rules that an instance keeps, of all shops together.
const CAPACITY: usize = 20_000;

/// A rule as it stands in the partition.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Copy {
    #[serde(flatten)]
    rule: PriceRule,
    /// Which of the rule's versions it is.
    rule_version: u64,
    /// The version of the rule's row.
    row_version: u64,
}

/// The item that tells whether something has changed; a shop that never had an automatic rule has none.
#[derive(Debug, Default, Deserialize)]
struct Version {
    fingerprint: i64,
}

/// The number of a rule and a version: 48 bits that are as good as random (SplitMix64), so that ten thousand fit into the
/// sum and two sets of rules have different sums.
fn mark(rule: Id, row_version: u64) -> i64 {
    let mut bits =
        rule.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(row_version.wrapping_mul(0xD1B5_4A32_D192_ED03));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    i64::try_from((bits ^ (bits >> 31)) >> 16).unwrap_or(0)
}

/// Brings the copy of a rule and the fingerprint from what they say of a rule, and the version of its row, before to what
/// they must say after.
pub(super) fn bring(
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

/// The automatic rules of a shop in their order.
#[derive(Debug, Default)]
pub struct Rules {
    fingerprint: i64,
    /// Larger `priority` first, ties by smaller id.
    pub candidates: Vec<Candidate>,
    /// Which of its versions each of them is.
    pub(super) rule_versions: HashMap<Id, u64>,
}

impl Rules {
    /// All but these.
    pub(super) fn without(&self, excluded: &BTreeSet<Id>) -> Self {
        let candidates = self.candidates.iter().filter(|candidate| !excluded.contains(&candidate.rule.id));
        Self {
            fingerprint: self.fingerprint,
            candidates: candidates.cloned().collect(),
            rule_versions: self.rule_versions.clone(),
        }
    }
}

/// What an instance has read.
#[derive(Debug, Clone, Default)]
pub struct AutomaticRules(Arc<Mutex<HashMap<ShopId, Arc<Rules>>>>);

impl AutomaticRules {
    /// The automatic rules of a shop as they are now: one small read, and the rules where they have changed.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where they change all the time.
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

    /// What was read of a shop last, which may have changed since.
    pub(super) fn known(&self, shop: &ShopId) -> Option<Arc<Rules>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(shop).cloned()
    }

    fn keep(&self, shop: &ShopId, rules: Rules) -> Arc<Rules> {
        let rules = Arc::new(rules);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(shop);
        // An instance serves few shops at a time: which one goes first hardly matters.
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
