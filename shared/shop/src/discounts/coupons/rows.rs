//! Coupons in the table: one ranked list by id, an item for each prefix, and for each rule a partition of its coupons.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join_all, try_join4};
use serde::{Deserialize, Serialize};

use super::{
    Item,
    counters::{self, Counter, Turn},
    entity, keys,
    pages::{Class, List},
    price_rules::{self, StoredAs, StoredRule},
    sequence, standings,
    store::Store,
    transaction::{ABSENT, Transaction, n},
};
use crate::{
    domain::{
        coupon::{Counts, Coupon, MAX_COUPONS, Terms},
        id::Id,
        price_rule::PriceRule,
        shop::ShopId,
    },
    error::{Error, FieldErrors},
};

/// The coupons of a shop, by id. One level of tallies saves every page a round trip, and is 157 small items for the first
/// ten thousand ids.
pub static COUPONS: List = List { shifts: &[6], classes: 3, ..List::dense("coupon") };

/// The class of coupons that cannot be claimed; those that can are one above.
const UNCLAIMABLE: Class = 0;
/// The class of deleted coupons, which stay for the sake of their used codes.
const DELETED: Class = 2;

/// The classes of coupons that are there, by [`Coupon::can_redeem`].
pub(super) fn classes(can_redeem: Option<bool>) -> Vec<Class> {
    match can_redeem {
        None => vec![UNCLAIMABLE, UNCLAIMABLE + 1],
        Some(can_redeem) => vec![UNCLAIMABLE + Class::from(can_redeem)],
    }
}

/// A row of [`COUPONS`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCoupon {
    /// The coupon.
    #[serde(flatten)]
    pub coupon: Coupon,
    /// What its codes showed when the coupon was deleted, if it was.
    #[serde(default)]
    pub deleted: Option<Terms>,
}

impl StoredCoupon {
    fn class(&self) -> Class {
        if self.deleted.is_some() { DELETED } else { UNCLAIMABLE + Class::from(self.coupon.can_redeem) }
    }

    /// The coupon, if it is there.
    pub fn live(self) -> Option<Coupon> {
        self.deleted.is_none().then_some(self.coupon)
    }
}

/// A coupon that is there, by its row.
pub(super) fn live(item: Item) -> Result<Option<Coupon>, Error> {
    Ok(entity::entity::<StoredCoupon>(item)?.live())
}

/// A coupon; deleted ones are not found.
pub async fn get(store: &Store, shop: &ShopId, id: Id) -> Result<Coupon, Error> {
    let row = store.get(&COUPONS.key(shop, id)).await?.ok_or(Error::NotFound)?;
    live(row)?.ok_or(Error::NotFound)
}

/// The coupons of these ids that are there.
pub(super) async fn by_ids(store: &Store, shop: &ShopId, ids: &[Id]) -> Result<BTreeMap<Id, Coupon>, Error> {
    let items = store.batch_get(ids.iter().map(|id| COUPONS.key(shop, *id)).collect()).await?;
    let mut coupons = BTreeMap::new();
    for item in items {
        if let Some(coupon) = live(item)? {
            coupons.insert(coupon.id, coupon);
        }
    }
    Ok(coupons)
}

/// An item that leads to a coupon: from its prefix, or from its rule.
#[derive(Debug, Serialize, Deserialize)]
struct Pointer {
    coupon_id: Id,
    price_rule_id: Id,
}

/// The coupon that has a prefix, and its rule: ids.
pub(super) async fn by_prefix(store: &Store, shop: &ShopId, prefix: &str) -> Result<Option<(Id, Id)>, Error> {
    // What can be no prefix is none, and may be too long for a key.
    if !Coupon::is_prefix(prefix) {
        return Ok(None);
    }
    let pointer = store.read::<Pointer>(&keys::coupon_prefix(shop, prefix)).await?;
    Ok(pointer.map(|pointer| (pointer.coupon_id, pointer.price_rule_id)))
}

/// The ids of the coupons that have these prefixes.
pub(super) async fn ids_by_prefix(store: &Store, shop: &ShopId, prefixes: &[String]) -> Result<Vec<Id>, Error> {
    // What can be no prefix is none, and may be too long for a key.
    let prefixes = prefixes.iter().filter(|prefix| Coupon::is_prefix(prefix));
    let items = store.batch_get(prefixes.map(|prefix| keys::coupon_prefix(shop, prefix)).collect()).await?;
    items.into_iter().map(|item| Ok(entity::entity::<Pointer>(item)?.coupon_id)).collect()
}

/// What replies show of coupons beside themselves, by id.
#[derive(Debug, Default)]
pub struct Nested {
    /// The rules, by their own ids.
    pub rules: HashMap<Id, PriceRule>,
    /// What the codes of each coupon say.
    pub counts: HashMap<Id, Counts>,
}

/// The rules and the counts of these coupons: a batch, and beside it a small range for each.
pub async fn nested(store: &Store, shop: &ShopId, coupons: &[Coupon]) -> Result<Nested, Error> {
    let rule_ids: BTreeSet<_> = coupons.iter().map(|coupon| coupon.price_rule_id).collect();
    let rule_ids: Vec<_> = rule_ids.into_iter().collect();
    let counts = coupons.iter().map(async |coupon| {
        let shards = counters::read(store, shop, Counter::CodesOf(coupon.id)).await?;
        let of = |count: i64| u64::try_from(count).unwrap_or(0);
        Ok::<_, Error>((coupon.id, Counts { used: of(shards.used), redeemed: of(shards.claimed) }))
    });
    let (rules, counts) = try_join(price_rules::by_ids(store, shop, &rule_ids), try_join_all(counts)).await?;
    Ok(Nested { rules: rules.into_iter().collect(), counts: counts.into_iter().collect() })
}

/// What a coupon is to be.
#[derive(Debug, Clone)]
pub struct Draft {
    /// See [`Coupon`].
    pub code_prefix: String,
    /// See [`Coupon`].
    pub can_redeem: bool,
    /// See [`Coupon`].
    pub title: Option<String>,
    /// The rule of its codes.
    pub rule: RuleOf,
}

/// Where the rule of a new coupon comes from.
#[derive(Debug, Clone)]
pub enum RuleOf {
    /// It is made with the coupon; the id is given then.
    New(Box<PriceRule>),
    /// It is there.
    Existing {
        /// Which.
        id: Id,
        /// Whether the coupon asks for a subtotal that this rule would have to ask for.
        minimum_amount: bool,
    },
}

/// How many coupons there are.
#[derive(Debug, Default, Deserialize)]
struct Quota {
    coupons: u64,
}

/// Plans a new coupon, and its rule if that is new too: 2 round trips. What is refused has burnt ids.
///
/// # Errors
/// [`Error::Invalid`] for a prefix that is taken and a rule that cannot back a coupon; [`Error::Conflict`] at
/// [`MAX_COUPONS`].
pub async fn create(
    store: &Store,
    shop: &ShopId,
    draft: Draft,
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

/// What else is wrong with a new coupon that is refused: whether its prefix is taken, and the rule that it names is there.
/// All errors are answered at once.
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

/// A rule with its version, if it is there.
async fn existing(store: &Store, shop: &ShopId, id: Id) -> Result<Option<(StoredRule, u64)>, Error> {
    match price_rules::stored(store, shop, id).await {
        Err(Error::NotFound) => Ok(None),
        stored => stored.map(Some),
    }
}

/// What the rule of a new coupon relies on.
enum Backing {
    /// The rule, under an id of its own.
    New(PriceRule),
    /// The rule that is there, if it is, with its version; and see [`RuleOf::Existing`].
    Existing { id: Id, stored: Option<(StoredRule, u64)>, minimum_amount: bool },
}

impl Backing {
    async fn read(store: &Store, shop: &ShopId, rule: RuleOf) -> Result<Self, Error> {
        match rule {
            RuleOf::New(rule) => Ok(Self::New(PriceRule { id: price_rules::new_id(store, shop).await?, ..*rule })),
            RuleOf::Existing { id, minimum_amount } => {
                Ok(Self::Existing { id, stored: existing(store, shop, id).await?, minimum_amount })
            }
        }
    }

    /// Makes the rule, or counts the coupon in the one that is there.
    fn attach(self, transaction: &mut Transaction, shop: &ShopId) -> Result<PriceRule, Error> {
        match self {
            Self::New(rule) => {
                let stored = StoredRule::new(rule, 1);
                price_rules::insert(transaction, shop, &stored)?;
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
                // New codes are stored as unused; where those of the rule have all expired, the job has to look again.
                let codes = if before.codes == StoredAs::Expired { StoredAs::Mixed } else { before.codes };
                let after = StoredRule { coupons: before.coupons + 1, codes, ..before.clone() };
                price_rules::replace(transaction, shop, (&before, version), &after)?;
                Ok(after.rule)
            }
        }
    }
}

/// Plans the end of a coupon: at once it is not there, nor are its codes but those that are used; the job removes them.
/// What was planned on its codes before is refused, since its counter is closed.
pub async fn delete(store: &Store, shop: &ShopId, id: Id) -> Result<(Transaction, ()), Error> {
    let row = store.get(&COUPONS.key(shop, id)).await?.ok_or(Error::NotFound)?;
    let (stored, version) = entity::versioned::<StoredCoupon>(row)?;
    let (class, coupon) = (stored.class(), stored.live().ok_or(Error::NotFound)?);
    let rule_id = coupon.price_rule_id;
    let rule = price_rules::stored(store, shop, rule_id);
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
    price_rules::replace(&mut transaction, shop, (&rule, rule_version), &one_less)?;
    codes.turn(&mut transaction, shop, Turn::Closed);
    standings::bring_deleted(&mut transaction, shop, id, (false, true))?;
    Ok((transaction, ()))
}

/// Plans the end of what is left of a deleted coupon, once its unused codes are gone: it stays only where used codes do.
pub(super) async fn forget(store: &Store, shop: &ShopId, id: Id, used_codes: bool) -> Result<Transaction, Error> {
    let mut transaction = Transaction::default();
    standings::bring_deleted(&mut transaction, shop, id, (true, false))?;
    if !used_codes && store.get(&COUPONS.key(shop, id)).await?.is_some() {
        COUPONS.remove(&mut transaction, "coupon", shop, (id, DELETED));
    }
    Ok(transaction)
}
