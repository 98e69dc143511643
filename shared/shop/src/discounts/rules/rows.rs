//! Price rules as they are stored (docs/api/price-rules.md): one ranked list by id with two classes, and one partition
//! for each value of a filter with the rules that have this value.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join_all};
use serde::{Deserialize, Serialize};

use crate::{
    discounts::rules::{
        automatic, overlay,
        stored::{StoredAs, StoredRule},
    },
    keys,
};
use domain::{
    error::Error,
    id::Id,
    price_rule::{MAX_RULES, PriceRule, TITLE_LENGTH, ValueType},
    shop::ShopId,
};
use store::{
    client::{Range, Store},
    entity,
    item::n,
    pages::{Class, Direction, List, Page, Select, paginate},
    sequence,
    transaction::Transaction,
};

/// The ranked list of a shop's price rules, by id.
pub static PRICE_RULES: List = List { classes: 2, ..List::dense("price_rule") };

/// Returns the class of a rule in [`PRICE_RULES`]: automatic or not.
fn class(automatic_discount: bool) -> Class {
    Class::from(automatic_discount)
}

fn class_of(stored: &StoredRule) -> Class {
    class(stored.rule.automatic_discount)
}

/// Returns the key of a rule's row.
pub(crate) fn key(shop: &ShopId, id: Id) -> keys::Key {
    PRICE_RULES.key(shop, id)
}

/// Conditions a transaction on the version of a rule. Refused under the label `price rule` if the rule has changed
/// since it was read.
pub(crate) fn check_version(transaction: &mut Transaction, shop: &ShopId, id: Id, version: u64) {
    transaction.check("price rule", key(shop, id), "#version = :version", vec![(":version", n(version))]);
}

/// Filter of a list of price rules.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only rules with these ids.
    pub ids: Option<Vec<Id>>,
    /// Only automatic rules, or only the others.
    pub automatic_discount: Option<bool>,
    /// Only rules with exactly this title.
    pub title: Option<String>,
    /// Only rules with exactly this `starts_at`.
    pub starts_at: Option<DateTime<Utc>>,
    /// Only rules with exactly this `ends_at`.
    pub ends_at: Option<DateTime<Utc>>,
}

/// A rule in a partition of the rules with one value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Member {
    price_rule_id: Id,
    automatic_discount: bool,
    title: String,
}

/// Returns the values by which a rule is found, by field name.
fn indexed(
    title: Option<&str>,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
) -> BTreeMap<&'static str, String> {
    let instant = |instant: DateTime<Utc>| instant.timestamp_micros().to_string();
    let values =
        [("title", title.map(str::to_owned)), ("starts_at", starts_at.map(instant)), ("ends_at", ends_at.map(instant))];
    values.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
}

fn value_type_name(value_type: ValueType) -> &'static str {
    ValueType::CHOICES.iter().find(|(_, choice)| *choice == value_type).map_or("", |(name, _)| name)
}

fn indexed_by(rule: &PriceRule) -> BTreeMap<&'static str, String> {
    let mut values = indexed(Some(&rule.title), rule.starts_at, rule.ends_at);
    values.insert("value_type", value_type_name(rule.value_type).to_owned());
    values
}

/// Filter of a list of coupons by their price rules.
#[derive(Debug, Clone, Default)]
pub struct OfCoupons {
    /// Only rules of these value types.
    pub value_types: Option<Vec<ValueType>>,
    /// Only rules with exactly this title.
    pub title: Option<String>,
    /// Only rules whose title contains this text, in upper or lower case.
    pub title_contains: Option<String>,
}

impl OfCoupons {
    /// True if nothing is filtered.
    pub fn is_empty(&self) -> bool {
        self.value_types.is_none() && self.title.is_none() && self.title_contains.is_none()
    }
}

/// Reads the ids of the rules that a filter of coupons selects. Each rule is in one of the two partitions by value
/// type, with its title, so these two hold all rules of the shop.
pub async fn ids_of(store: &Store, shop: &ShopId, wanted: &OfCoupons) -> Result<BTreeSet<Id>, Error> {
    let kinds = [ValueType::Percentage, ValueType::FixedAmount];
    let kinds = kinds.iter().filter(|kind| wanted.value_types.as_ref().is_none_or(|types| types.contains(kind)));
    let by_kind = kinds.map(|kind| members(store, shop, "value_type", value_type_name(*kind)));
    let titled = async {
        match &wanted.title {
            Some(title) => members(store, shop, "title", title).await.map(Some),
            None => Ok(None),
        }
    };
    // A title selects few rules, so their value types do not matter here.
    let by_kind = async {
        let needed = wanted.value_types.is_some() || wanted.title_contains.is_some();
        if needed { try_join_all(by_kind).await.map(Some) } else { Ok(None) }
    };
    let (titled, by_kind) = try_join(titled, by_kind).await?;
    let needle = wanted.title_contains.as_ref().map(|text| text.to_lowercase());
    let contains = |member: &Member| needle.as_ref().is_none_or(|text| member.title.to_lowercase().contains(text));
    let by_kind = by_kind.map(|kinds| kinds.into_iter().flatten().filter(contains).map(|member| member.price_rule_id));
    let titled = titled.map(|titled| titled.into_iter().map(|member| member.price_rule_id).collect::<BTreeSet<_>>());
    Ok(match (titled, by_kind) {
        (Some(titled), Some(by_kind)) => by_kind.filter(|id| titled.contains(id)).collect(),
        (Some(titled), None) => titled,
        (None, by_kind) => by_kind.into_iter().flatten().collect(),
    })
}

async fn members(store: &Store, shop: &ShopId, field: &str, value: &str) -> Result<Vec<Member>, Error> {
    // No rule has a longer title, and it would not fit into a key.
    if value.chars().count() > TITLE_LENGTH {
        return Ok(Vec::new());
    }
    let pk = keys::price_rules_by_partition(shop, field, value);
    store.query_as(&Range { pk, ..Range::default() }).await
}

/// Reads a price rule.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn get(store: &Store, shop: &ShopId, id: Id) -> Result<PriceRule, Error> {
    store.read(&PRICE_RULES.key(shop, id)).await?.ok_or(Error::NotFound)
}

/// Reads a page of price rules. A filter by value reads its whole partition, at most [`MAX_RULES`] small items.
pub async fn page(store: &Store, shop: &ShopId, filter: &Filter, select: &Select) -> Result<Page<PriceRule>, Error> {
    let values = indexed(filter.title.as_deref(), filter.starts_at, filter.ends_at);
    if values.is_empty() && filter.ids.is_none() {
        let classes = filter.automatic_discount.map(|automatic| vec![class(automatic)]);
        let select = Select { classes, ..select.clone() };
        return PRICE_RULES.page(store, shop, &select).await?.try_map(entity::entity);
    }
    let mut ids = candidates(store, shop, filter, &values).await?;
    ids.retain(|id| select.holds(*id));
    if select.direction == Direction::Descending {
        ids.reverse();
    }
    let page = paginate::of_rows(ids, select.number, select.size)?;
    let mut rules = by_ids(store, shop, &page.rows).await?;
    let rows = page.rows.iter().filter_map(|id| rules.remove(id)).collect();
    Ok(page.with(rows))
}

/// Reads the ids that all filters select, ascending.
async fn candidates(
    store: &Store,
    shop: &ShopId,
    filter: &Filter,
    values: &BTreeMap<&'static str, String>,
) -> Result<Vec<Id>, Error> {
    let automatic = |found: bool| filter.automatic_discount.is_none_or(|wanted| wanted == found);
    if values.is_empty() {
        let rules = by_ids(store, shop, filter.ids.as_deref().unwrap_or_default()).await?;
        return Ok(rules.into_values().filter(|rule| automatic(rule.automatic_discount)).map(|rule| rule.id).collect());
    }
    let partitions = values.iter().map(|(field, value)| members(store, shop, field, value));
    let partitions = try_join_all(partitions).await?;
    let needed = partitions.len();
    let mut found: BTreeMap<Id, usize> = BTreeMap::new();
    for member in partitions.into_iter().flatten().filter(|member| automatic(member.automatic_discount)) {
        *found.entry(member.price_rule_id).or_default() += 1;
    }
    let in_all = found.into_iter().filter(|(_, times)| *times == needed).map(|(id, _)| id);
    Ok(in_all.filter(|id| filter.ids.as_ref().is_none_or(|ids| ids.contains(id))).collect())
}

/// Reads the rules with these ids, without those that do not exist.
pub(crate) async fn by_ids(store: &Store, shop: &ShopId, ids: &[Id]) -> Result<BTreeMap<Id, PriceRule>, Error> {
    let items = store.batch_get(ids.iter().map(|id| PRICE_RULES.key(shop, *id)).collect()).await?;
    items.into_iter().map(|item| entity::entity(item).map(|rule: PriceRule| (rule.id, rule))).collect()
}

/// Changes the partitions by value and the status overlay of the lists of codes from `before` to `after`.
pub(crate) fn index(
    transaction: &mut Transaction,
    shop: &ShopId,
    before: Option<&StoredRule>,
    after: Option<&StoredRule>,
) -> Result<(), Error> {
    let members = |stored: Option<&StoredRule>| -> BTreeMap<keys::Key, Member> {
        let Some(StoredRule { rule, .. }) = stored else { return BTreeMap::new() };
        let member =
            Member { price_rule_id: rule.id, automatic_discount: rule.automatic_discount, title: rule.title.clone() };
        let values = indexed_by(rule).into_iter();
        values.map(|(field, value)| (keys::price_rules_by(shop, field, &value, rule.id), member.clone())).collect()
    };
    transaction.bring("price_rule_by", &members(before), &members(after))?;
    overlay::bring(transaction, shop, before, after)
}

/// Count of the rules of a shop.
#[derive(Debug, Default, Deserialize)]
struct Quota {
    rules: u64,
}

/// Reserves the id of a new rule.
///
/// # Errors
/// [`Error::Conflict`] if the shop has [`MAX_RULES`] rules.
pub(crate) async fn new_id(store: &Store, shop: &ShopId) -> Result<Id, Error> {
    let key = keys::price_rule_quota(shop);
    let (quota, id) = try_join(store.read::<Quota>(&key), sequence::next(store, shop, PRICE_RULES.name)).await?;
    if quota.unwrap_or_default().rules >= MAX_RULES {
        return Err(Error::conflict(format!("This shop has {MAX_RULES} price rules already.")));
    }
    Ok(id)
}

/// Plans a new price rule. The id is assigned here; `rule.id` is ignored.
///
/// # Errors
/// [`Error::Conflict`] if the shop has [`MAX_RULES`] rules.
pub async fn create(store: &Store, shop: &ShopId, rule: PriceRule) -> Result<(Transaction, PriceRule), Error> {
    let id = new_id(store, shop).await?;
    let mut transaction = Transaction::default();
    let stored = StoredRule::new(PriceRule { id, ..rule }, 0);
    insert(&mut transaction, shop, &stored)?;
    Ok((transaction, stored.rule))
}

/// Adds a new rule to a transaction. Refused under the label `price rule quota` if the shop has [`MAX_RULES`] rules by
/// then.
pub(crate) fn insert(transaction: &mut Transaction, shop: &ShopId, stored: &StoredRule) -> Result<(), Error> {
    PRICE_RULES.insert(transaction, "price rule", shop, (stored.rule.id, class_of(stored)), stored)?;
    index(transaction, shop, None, Some(stored))?;
    automatic::bring(transaction, shop, None, Some((stored, 1)))?;
    put_version(transaction, shop, stored)?;
    let (room, values) =
        ("attribute_not_exists(#rules) OR #rules < :most", vec![(":one", n(1)), (":most", n(MAX_RULES))]);
    transaction.update("price rule quota", keys::price_rule_quota(shop), "ADD #rules :one", Some(room), values);
    Ok(())
}

/// Stores the current version of a rule, for the redemptions made under it.
fn put_version(transaction: &mut Transaction, shop: &ShopId, stored: &StoredRule) -> Result<(), Error> {
    let key = keys::price_rule_version(shop, stored.rule.id, stored.rule_version);
    transaction.put("price rule version", entity::item(&key, "price_rule_version", &stored.rule)?, None, Vec::new());
    Ok(())
}

/// Replaces a rule as it was read. Refused under the label `price rule` if it has changed since.
pub(crate) fn replace(
    transaction: &mut Transaction,
    shop: &ShopId,
    (before, version): (&StoredRule, u64),
    after: &StoredRule,
) -> Result<(), Error> {
    let at = (after.rule.id, (class_of(before), class_of(after)));
    PRICE_RULES.replace_reclassed(transaction, "price rule", shop, at, version, after)?;
    index(transaction, shop, Some(before), Some(after))?;
    automatic::bring(transaction, shop, Some((before, version)), Some((after, version + 1)))
}

/// Reads a rule as it is stored, with the version of its row.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub(crate) async fn stored(store: &Store, shop: &ShopId, id: Id) -> Result<(StoredRule, u64), Error> {
    entity::versioned(store.get(&key(shop, id)).await?.ok_or(Error::NotFound)?)
}

/// Plans an update of a price rule by `change`, which is called only if the rule exists.
///
/// # Errors
/// [`Error::NotFound`] if there is no such rule, and the errors of `change`. [`Error::Invalid`] if the rule would
/// become automatic while coupons use it.
pub async fn update(
    store: &Store,
    shop: &ShopId,
    id: Id,
    change: impl FnOnce(PriceRule) -> Result<PriceRule, Error>,
) -> Result<(Transaction, PriceRule), Error> {
    let (before, version) = stored(store, shop, id).await?;
    let rule = PriceRule { id, ..change(before.rule.clone())? };
    if rule.automatic_discount && before.coupons > 0 {
        return Err(Error::field("automatic_discount", "A coupon uses this price rule."));
    }
    let codes = match before.codes {
        // The new end may revive expired codes or expire them again, so the job has to look at them.
        StoredAs::Expired if rule.ends_at != before.rule.ends_at => StoredAs::Mixed,
        codes => codes,
    };
    let changed = rule != before.rule;
    let rule_version = before.rule_version + u64::from(changed);
    let after = StoredRule { rule, codes, rule_version, ..before.clone() };
    let mut transaction = Transaction::default();
    if changed {
        put_version(&mut transaction, shop, &after)?;
    }
    replace(&mut transaction, shop, (&before, version), &after)?;
    Ok((transaction, after.rule))
}

/// Plans the deletion of a price rule.
///
/// # Errors
/// [`Error::NotFound`] if there is none. [`Error::Conflict`] while coupons use it.
pub async fn delete(store: &Store, shop: &ShopId, id: Id) -> Result<(Transaction, ()), Error> {
    let (before, version) = stored(store, shop, id).await?;
    if before.coupons > 0 {
        return Err(Error::conflict("A coupon uses this price rule."));
    }
    let mut transaction = Transaction::default();
    PRICE_RULES.remove_unchanged(&mut transaction, "price rule", shop, (id, class_of(&before)), version);
    index(&mut transaction, shop, Some(&before), None)?;
    automatic::bring(&mut transaction, shop, Some((&before, version)), None)?;
    let less = vec![(":less", n(-1))];
    transaction.update("price rule quota", keys::price_rule_quota(shop), "ADD #rules :less", None, less);
    Ok((transaction, ()))
}
