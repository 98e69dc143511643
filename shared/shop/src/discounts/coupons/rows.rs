//! Coupons as they are stored (docs/api/coupons.md): one ranked list by id, a pointer item for each prefix, and one
//! partition for each rule with its coupons.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join_all, try_join4};
use serde::{Deserialize, Serialize};

use crate::{
    discounts::{
        counters::{self, Counter, EpochChange},
        rules::{
            self,
            stored::{StoredAs, StoredRule},
        },
    },
    keys,
};
use domain::{
    coupon::{Counts, Coupon, MAX_COUPONS, Terms},
    error::{Error, FieldErrors},
    id::Id,
    price_rule::PriceRule,
    shop::ShopId,
};
use store::{
    Item,
    client::Store,
    entity,
    item::n,
    pages::{Class, List},
    sequence,
    transaction::{ABSENT, Transaction},
};

/// The ranked list of a shop's coupons, by id. A single level of tallies saves every page a round trip. It has 157
/// small items for the first ten thousand ids.
pub static COUPONS: List = List { shifts: &[6], classes: 3, ..List::dense("coupon") };

/// Class of coupons that cannot be claimed. Coupons that can be claimed have the next class.
const UNCLAIMABLE: Class = 0;
/// Class of deleted coupons, which stay as long as used codes refer to them.
const DELETED: Class = 2;

/// Returns the classes of coupons that are not deleted, by [`Coupon::can_redeem`].
pub(crate) fn classes(can_redeem: Option<bool>) -> Vec<Class> {
    match can_redeem {
        None => vec![UNCLAIMABLE, UNCLAIMABLE + 1],
        Some(can_redeem) => vec![UNCLAIMABLE + Class::from(can_redeem)],
    }
}

/// A row of [`COUPONS`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCoupon {
    /// The coupon as it was created.
    #[serde(flatten)]
    pub coupon: Coupon,
    /// Title and dates that the codes showed when the coupon was deleted; `None` for a coupon that is not deleted.
    #[serde(default)]
    pub deleted: Option<Terms>,
}

impl StoredCoupon {
    fn class(&self) -> Class {
        if self.deleted.is_some() { DELETED } else { UNCLAIMABLE + Class::from(self.coupon.can_redeem) }
    }

    /// Returns the coupon; `None` if it is deleted.
    pub fn live(self) -> Option<Coupon> {
        self.deleted.is_none().then_some(self.coupon)
    }
}

/// Returns the coupon of a row; `None` if it is deleted.
pub(crate) fn live(item: Item) -> Result<Option<Coupon>, Error> {
    Ok(entity::entity::<StoredCoupon>(item)?.live())
}

/// Reads a coupon.
///
/// # Errors
/// [`Error::NotFound`] for an unknown or deleted coupon.
pub async fn get(store: &Store, shop: &ShopId, id: Id) -> Result<Coupon, Error> {
    let row = store.get(&COUPONS.key(shop, id)).await?.ok_or(Error::NotFound)?;
    live(row)?.ok_or(Error::NotFound)
}

/// Reads the coupons with these ids, without those that are unknown or deleted.
pub(crate) async fn by_ids(store: &Store, shop: &ShopId, ids: &[Id]) -> Result<BTreeMap<Id, Coupon>, Error> {
    let items = store.batch_get(ids.iter().map(|id| COUPONS.key(shop, *id)).collect()).await?;
    let mut coupons = BTreeMap::new();
    for item in items {
        if let Some(coupon) = live(item)? {
            coupons.insert(coupon.id, coupon);
        }
    }
    Ok(coupons)
}

/// Pointer to a coupon, from its prefix or from its rule.
#[derive(Debug, Serialize, Deserialize)]
struct Pointer {
    coupon_id: Id,
    price_rule_id: Id,
}

/// Reads the ids of the coupon with this prefix and of its rule; `None` if there is none.
pub(crate) async fn by_prefix(store: &Store, shop: &ShopId, prefix: &str) -> Result<Option<(Id, Id)>, Error> {
    // No coupon has such a prefix, and it may be too long for a key.
    if !Coupon::is_prefix(prefix) {
        return Ok(None);
    }
    let pointer = store.read::<Pointer>(&keys::coupon_prefix(shop, prefix)).await?;
    Ok(pointer.map(|pointer| (pointer.coupon_id, pointer.price_rule_id)))
}

/// Reads the ids of the coupons with these prefixes, without prefixes that are unknown.
pub(crate) async fn ids_by_prefix(store: &Store, shop: &ShopId, prefixes: &[String]) -> Result<Vec<Id>, Error> {
    // No coupon has such a prefix, and it may be too long for a key.
    let prefixes = prefixes.iter().filter(|prefix| Coupon::is_prefix(prefix));
    let items = store.batch_get(prefixes.map(|prefix| keys::coupon_prefix(shop, prefix)).collect()).await?;
    items.into_iter().map(|item| Ok(entity::entity::<Pointer>(item)?.coupon_id)).collect()
}

/// Price rules and counts that replies show with coupons, by id.
#[derive(Debug, Default)]
pub struct Nested {
    /// Price rules of the coupons, by rule id.
    pub rules: HashMap<Id, PriceRule>,
    /// Numbers of used and claimed codes, by coupon id.
    pub counts: HashMap<Id, Counts>,
}

/// Reads the rules and counts of these coupons in 1 round trip: one batch, and in parallel one small range for each
/// coupon.
pub async fn nested(store: &Store, shop: &ShopId, coupons: &[Coupon]) -> Result<Nested, Error> {
    let rule_ids: BTreeSet<_> = coupons.iter().map(|coupon| coupon.price_rule_id).collect();
    let rule_ids: Vec<_> = rule_ids.into_iter().collect();
    let counts = coupons.iter().map(async |coupon| {
        let shards = counters::read(store, shop, Counter::CodesOf(coupon.id)).await?;
        let of = |count: i64| u64::try_from(count).unwrap_or(0);
        Ok::<_, Error>((coupon.id, Counts { used: of(shards.used), claimed: of(shards.claimed) }))
    });
    let (rules, counts) = try_join(rules::rows::by_ids(store, shop, &rule_ids), try_join_all(counts)).await?;
    Ok(Nested { rules: rules.into_iter().collect(), counts: counts.into_iter().collect() })
}

/// Input of a new coupon.
#[derive(Debug, Clone)]
pub struct NewCoupon {
    /// See [`Coupon::code_prefix`].
    pub code_prefix: String,
    /// See [`Coupon::can_redeem`].
    pub can_redeem: bool,
    /// See [`Coupon::title`].
    pub title: Option<String>,
    /// Price rule of the coupon's codes.
    pub rule: RuleOf,
}

/// Source of the rule of a new coupon.
#[derive(Debug, Clone)]
pub enum RuleOf {
    /// A new rule that is created with the coupon and gets its id then.
    New(Box<PriceRule>),
    /// A stored rule.
    Existing {
        /// Id of the stored rule.
        id: Id,
        /// True if the input has a `minimum_amount`. The stored rule must have a subtotal range then.
        minimum_amount: bool,
    },
}

/// Count of the coupons of a shop.
#[derive(Debug, Default, Deserialize)]
struct Quota {
    coupons: u64,
}

/// Plans a new coupon, with its rule if that is new too: 2 round trips. A refused request has used up ids.
///
/// # Errors
/// [`Error::Invalid`] for a prefix that is taken, and for a rule that is unknown or cannot back a coupon.
/// [`Error::Conflict`] if the shop has [`MAX_COUPONS`] coupons.
pub async fn create(
    store: &Store,
    shop: &ShopId,
    draft: NewCoupon,
    now: DateTime<Utc>,
) -> Result<(Transaction, (Coupon, PriceRule)), Error> {
    let (quota_key, prefix_key) = (keys::coupon_quota(shop), keys::coupon_prefix(shop, &draft.code_prefix));
    let id = sequence::next(store, shop, COUPONS.name);
    let rule = Backing::read(store, shop, draft.rule);
    let (prefix, quota, id, rule) =
        try_join4(store.get(&prefix_key), store.read::<Quota>(&quota_key), id, rule).await?;
    let mut errors = FieldErrors::NONE;
    if prefix.is_some() {
        errors = taken();
    }
    let mut transaction = Transaction::default();
    let rule = match rule.attach(&mut transaction, shop) {
        Err(Error::Invalid(more)) => return Err(Error::Invalid(errors.and(more))),
        result => result?,
    };
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    if quota.unwrap_or_default().coupons >= MAX_COUPONS {
        return Err(Error::conflict(format!("This shop has {MAX_COUPONS} coupons already.")));
    }
    let coupon = Coupon {
        id,
        code_prefix: draft.code_prefix,
        can_redeem: draft.can_redeem,
        title: draft.title,
        created_at: now,
        price_rule_id: rule.id,
    };
    let stored = StoredCoupon { coupon: coupon.clone(), deleted: None };
    COUPONS.insert(&mut transaction, "coupon", shop, (coupon.id, stored.class()), &stored)?;
    let pointer = Pointer { coupon_id: coupon.id, price_rule_id: rule.id };
    transaction.put("prefix", entity::item(&prefix_key, "coupon_prefix", &pointer)?, Some(ABSENT), Vec::new());
    let of_rule = keys::coupon_of_rule(shop, rule.id, coupon.id);
    transaction.put("coupon of rule", entity::item(&of_rule, "coupon_of_rule", &pointer)?, None, Vec::new());
    let room = "attribute_not_exists(#coupons) OR #coupons < :most";
    let values = vec![(":one", n(1)), (":most", n(MAX_COUPONS))];
    transaction.update("coupon quota", quota_key, "ADD #coupons :one", Some(room), values);
    Ok((transaction, (coupon, rule)))
}

fn taken() -> FieldErrors {
    FieldErrors::field("code_prefix", "coupon with this code prefix already exists.")
}

/// Returns the further errors of a new coupon that is refused: a prefix that is taken, and a rule that is unknown. So a
/// client sees all errors at once.
pub async fn refusals(
    store: &Store,
    shop: &ShopId,
    prefix: Option<&str>,
    rule: Option<Id>,
) -> Result<FieldErrors, Error> {
    let mut errors = FieldErrors::NONE;
    if let Some(prefix) = prefix
        && store.get(&keys::coupon_prefix(shop, prefix)).await?.is_some()
    {
        errors = taken();
    }
    if let Some(id) = rule
        && existing(store, shop, id).await?.is_none()
    {
        errors = errors.and(FieldErrors::missing("price_rule_id", id));
    }
    Ok(errors)
}

/// Reads a rule with the version of its row; `None` if there is none.
async fn existing(store: &Store, shop: &ShopId, id: Id) -> Result<Option<(StoredRule, u64)>, Error> {
    match rules::rows::stored(store, shop, id).await {
        Err(Error::NotFound) => Ok(None),
        stored => stored.map(Some),
    }
}

/// State of the rule that a new coupon depends on.
enum Backing {
    /// A new rule, with an id that was reserved.
    New(PriceRule),
    /// A stored rule with the version of its row; `None` if it is unknown. See [`RuleOf::Existing`].
    Existing { id: Id, stored: Option<(StoredRule, u64)>, minimum_amount: bool },
}

impl Backing {
    async fn read(store: &Store, shop: &ShopId, rule: RuleOf) -> Result<Self, Error> {
        match rule {
            RuleOf::New(rule) => Ok(Self::New(PriceRule { id: rules::rows::new_id(store, shop).await?, ..*rule })),
            RuleOf::Existing { id, minimum_amount } => {
                Ok(Self::Existing { id, stored: existing(store, shop, id).await?, minimum_amount })
            }
        }
    }

    /// Adds the new rule to the transaction, or counts the coupon in the stored rule.
    fn attach(self, transaction: &mut Transaction, shop: &ShopId) -> Result<PriceRule, Error> {
        match self {
            Self::New(rule) => {
                let stored = StoredRule::new(rule, 1);
                rules::rows::insert(transaction, shop, &stored)?;
                Ok(stored.rule)
            }
            Self::Existing { id, stored, minimum_amount } => {
                let (before, version) =
                    stored.ok_or_else(|| Error::Invalid(FieldErrors::missing("price_rule_id", id)))?;
                if before.rule.automatic_discount {
                    return Err(Error::field("price_rule_id", "An automatic discount cannot be a coupon's."));
                }
                if minimum_amount && before.rule.prerequisite_subtotal_range.is_none() {
                    let message = "This would change a price rule that is there already: change the rule itself.";
                    return Err(Error::field("minimum_amount", message));
                }
                // New codes are stored as unused. If all codes of the rule are stored as expired, the job has to look
                // at them again.
                let codes = if before.codes == StoredAs::Expired { StoredAs::Mixed } else { before.codes };
                let after = StoredRule { coupons: before.coupons + 1, codes, ..before.clone() };
                rules::rows::replace(transaction, shop, (&before, version), &after)?;
                Ok(after.rule)
            }
        }
    }
}

/// Plans the deletion of a coupon. From the commit on, the coupon and its unused codes are gone from every read; used
/// codes stay. A job removes the rows later. The counter of the coupon is closed, so transactions that were planned on
/// its codes before are refused.
///
/// # Errors
/// [`Error::NotFound`] for an unknown or deleted coupon.
pub async fn delete(store: &Store, shop: &ShopId, id: Id) -> Result<(Transaction, ()), Error> {
    let row = store.get(&COUPONS.key(shop, id)).await?.ok_or(Error::NotFound)?;
    let (stored, version) = entity::versioned::<StoredCoupon>(row)?;
    let (class, coupon) = (stored.class(), stored.live().ok_or(Error::NotFound)?);
    let rule_id = coupon.price_rule_id;
    let rule = rules::rows::stored(store, shop, rule_id);
    let codes = counters::read(store, shop, Counter::CodesOf(id));
    let ((rule, rule_version), codes) = try_join(rule, codes).await?;
    let mut transaction = Transaction::default();
    transaction.delete("prefix", keys::coupon_prefix(shop, &coupon.code_prefix), None, Vec::new());
    transaction.delete("coupon of rule", keys::coupon_of_rule(shop, rule_id, id), None, Vec::new());
    let less = vec![(":less", n(-1))];
    transaction.update("coupon quota", keys::coupon_quota(shop), "ADD #coupons :less", None, less);
    let last = Terms::of(&coupon, &rule.rule);
    let after = StoredCoupon { coupon, deleted: Some(last) };
    COUPONS.replace_reclassed(&mut transaction, "coupon", shop, (id, (class, DELETED)), version, &after)?;
    let one_less = StoredRule { coupons: rule.coupons.saturating_sub(1), ..rule.clone() };
    rules::rows::replace(&mut transaction, shop, (&rule, rule_version), &one_less)?;
    codes.change_epoch(&mut transaction, shop, EpochChange::Closed);
    rules::overlay::bring_deleted(&mut transaction, shop, id, (false, true))?;
    Ok((transaction, ()))
}

/// Plans the last step of a removal, after the unused codes are gone. The coupon's row stays if used codes refer to it.
pub(crate) async fn forget(store: &Store, shop: &ShopId, id: Id, used_codes: bool) -> Result<Transaction, Error> {
    let mut transaction = Transaction::default();
    rules::overlay::bring_deleted(&mut transaction, shop, id, (true, false))?;
    if !used_codes && store.get(&COUPONS.key(shop, id)).await?.is_some() {
        COUPONS.remove(&mut transaction, "coupon", shop, (id, DELETED));
    }
    Ok(transaction)
}
