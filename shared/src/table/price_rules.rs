//! Price rules in the table: one ranked list by id with two classes, and for each filter by a value a partition of the
//! rules that have it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join_all};
use serde::{Deserialize, Serialize};

use super::{
    entity, keys,
    pages::{Class, Direction, List, Page, Select, paginate},
    sequence,
    store::{Range, Store},
    transaction::{Transaction, n},
};
use crate::{
    domain::{
        id::Id,
        price_rule::{MAX_RULES, PriceRule},
        shop::ShopId,
    },
    error::Error,
};

/// The price rules of a shop, by id.
pub static PRICE_RULES: List = List { classes: 2, ..List::dense("price_rule") };

/// The class of a rule in [`PRICE_RULES`]: whether it is automatic.
fn class(automatic_discount: bool) -> Class {
    Class::from(automatic_discount)
}

/// Which price rules.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only these ids.
    pub ids: Option<Vec<Id>>,
    /// Only these.
    pub automatic_discount: Option<bool>,
    /// Exactly this title.
    pub title: Option<String>,
    /// Exactly this instant.
    pub starts_at: Option<DateTime<Utc>>,
    /// Exactly this instant.
    pub ends_at: Option<DateTime<Utc>>,
}

/// A rule in a partition of those that have a value.
#[derive(Debug, Serialize, Deserialize)]
struct Member {
    price_rule_id: Id,
    automatic_discount: bool,
}

/// The values by which a rule is found: field and text.
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

fn indexed_by(rule: &PriceRule) -> BTreeMap<&'static str, String> {
    indexed(Some(&rule.title), rule.starts_at, rule.ends_at)
}

/// A price rule.
pub async fn get(store: &Store, shop: &ShopId, id: Id) -> Result<PriceRule, Error> {
    store.read(&PRICE_RULES.key(shop, id)).await?.ok_or(Error::NotFound)
}

/// A page of price rules.
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

/// The ids that every filter selects, ascending.
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
    let partitions = values.iter().map(async |(field, value)| {
        let pk = keys::price_rules_by_partition(shop, field, value);
        store.query_as::<Member>(&Range { pk, ..Range::default() }).await
    });
    let partitions = try_join_all(partitions).await?;
    let needed = partitions.len();
    let mut found: BTreeMap<Id, usize> = BTreeMap::new();
    for member in partitions.into_iter().flatten().filter(|member| automatic(member.automatic_discount)) {
        *found.entry(member.price_rule_id).or_default() += 1;
    }
    let in_all = found.into_iter().filter(|(_, times)| *times == needed).map(|(id, _)| id);
    Ok(in_all.filter(|id| filter.ids.as_ref().is_none_or(|ids| ids.contains(id))).collect())
}

/// The rules of these ids that exist.
async fn by_ids(store: &Store, shop: &ShopId, ids: &[Id]) -> Result<BTreeMap<Id, PriceRule>, Error> {
    let items = store.batch_get(ids.iter().map(|id| PRICE_RULES.key(shop, *id)).collect()).await?;
    items.into_iter().map(|item| entity::entity(item).map(|rule: PriceRule| (rule.id, rule))).collect()
}

/// Brings the partitions by value from what they say of `before` to what they must say of `after`.
fn index(
    transaction: &mut Transaction,
    shop: &ShopId,
    before: Option<&PriceRule>,
    after: Option<&PriceRule>,
) -> Result<(), Error> {
    let old = before.map(|rule| (rule, indexed_by(rule)));
    let new = after.map(|rule| (rule, indexed_by(rule)));
    if let Some((rule, values)) = &old {
        let kept = |field, value| new.as_ref().is_some_and(|(_, new)| new.get(field) == Some(value));
        for (field, value) in values.iter().filter(|(field, value)| !kept(*field, *value)) {
            let key = keys::price_rules_by(shop, field, value, rule.id);
            transaction.delete("price rule by", key, None, Vec::new());
        }
    }
    if let Some((rule, values)) = &new {
        let member = Member { price_rule_id: rule.id, automatic_discount: rule.automatic_discount };
        let same = |field, value| {
            old.as_ref().is_some_and(|(before, old)| {
                old.get(field) == Some(value) && before.automatic_discount == rule.automatic_discount
            })
        };
        for (field, value) in values.iter().filter(|(field, value)| !same(*field, *value)) {
            let key = keys::price_rules_by(shop, field, value, rule.id);
            transaction.put("price rule by", entity::item(&key, "price_rule_by", &member)?, None, Vec::new());
        }
    }
    Ok(())
}

/// How many rules there are.
#[derive(Debug, Default, Deserialize)]
struct Quota {
    rules: u64,
}

/// Plans a new price rule; `rule.id` is given here.
///
/// # Errors
/// [`Error::Conflict`] at [`MAX_RULES`].
pub async fn create(store: &Store, shop: &ShopId, rule: PriceRule) -> Result<(Transaction, PriceRule), Error> {
    let key = keys::price_rule_quota(shop);
    let (quota, id) = try_join(store.read::<Quota>(&key), sequence::next(store, shop, PRICE_RULES.name)).await?;
    if quota.unwrap_or_default().rules >= MAX_RULES {
        return Err(Error::conflict(format!("This shop has {MAX_RULES} price rules already.")));
    }
    let rule = PriceRule { id, ..rule };
    let mut transaction = Transaction::default();
    let at = (id, class(rule.automatic_discount));
    PRICE_RULES.insert(&mut transaction, "price rule", shop, at, &rule)?;
    index(&mut transaction, shop, None, Some(&rule))?;
    let room = "attribute_not_exists(#rules) OR #rules < :most";
    transaction.update("quota", key, "ADD #rules :one", Some(room), vec![(":one", n(1)), (":most", n(MAX_RULES))]);
    Ok((transaction, rule))
}

/// Plans a change of a price rule by `change`, which is asked only where there is such a rule.
pub async fn update(
    store: &Store,
    shop: &ShopId,
    id: Id,
    change: impl FnOnce(PriceRule) -> Result<PriceRule, Error>,
) -> Result<(Transaction, PriceRule), Error> {
    let row = store.get(&PRICE_RULES.key(shop, id)).await?.ok_or(Error::NotFound)?;
    let (stored, version) = entity::versioned::<PriceRule>(row)?;
    let rule = PriceRule { id, ..change(stored.clone())? };
    let mut transaction = Transaction::default();
    let classes = (class(stored.automatic_discount), class(rule.automatic_discount));
    PRICE_RULES.replace_reclassed(&mut transaction, "price rule", shop, (id, classes), version, &rule)?;
    index(&mut transaction, shop, Some(&stored), Some(&rule))?;
    Ok((transaction, rule))
}

/// Plans the end of a price rule.
pub async fn delete(store: &Store, shop: &ShopId, id: Id) -> Result<(Transaction, ()), Error> {
    let row = store.get(&PRICE_RULES.key(shop, id)).await?.ok_or(Error::NotFound)?;
    let (rule, version) = entity::versioned::<PriceRule>(row)?;
    let mut transaction = Transaction::default();
    let at = (id, class(rule.automatic_discount));
    PRICE_RULES.remove_unchanged(&mut transaction, "price rule", shop, at, version);
    index(&mut transaction, shop, Some(&rule), None)?;
    transaction.update("quota", keys::price_rule_quota(shop), "ADD #rules :less", None, vec![(":less", n(-1))]);
    Ok((transaction, ()))
}
