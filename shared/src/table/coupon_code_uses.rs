//! Uses of codes: counted over all codes of a rule, and for each customer of it; each kept with the version of the rule
//! that it was made under.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures_util::future::try_join3;
use serde::{Deserialize, Serialize};

use super::{
    Item,
    counters::{self, Counter},
    entity, keys, price_rules,
    store::Store,
    transaction::{Transaction, key_attributes, n, s},
};
use crate::{
    domain::{coupon_code::CouponCode, id::Id, shop::ShopId},
    error::Error,
};

/// The type attribute of what counts a customer's uses.
const TYPE: &str = "customer_uses";

/// A use of a code, live until it is released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redemption {
    /// The code.
    pub code_id: Id,
    /// Who used it.
    pub customer_id: Id,
    /// Its rule.
    pub price_rule_id: Id,
    /// Which of the rule's versions it was used under: that item says what the rule was.
    pub rule_version: u64,
    /// When it was used.
    pub used_at: DateTime<Utc>,
    /// When it was given back, if it was.
    pub released_at: Option<DateTime<Utc>>,
}

/// How often customers use rules, by both, as items for bulk loads.
pub(super) fn of_customers(shop: &ShopId, uses: &BTreeMap<(Id, Id), i64>) -> Vec<Item> {
    let mut items: BTreeMap<keys::Key, Item> = BTreeMap::new();
    for ((customer, rule), count) in uses {
        let key = keys::customer_uses(shop, *customer, *rule);
        let item = items.entry(key.clone()).or_insert_with(|| key_attributes(&key));
        item.insert(keys::TYPE.to_owned(), s(TYPE));
        item.insert(keys::use_attribute(*rule), n(count));
    }
    items.into_values().collect()
}

/// How many live uses of a rule an item of [`keys::customer_uses`] counts.
pub(super) fn live_uses(item: &Item, rule: Id) -> u64 {
    let digits = item.get(&keys::use_attribute(rule)).and_then(|count| count.as_n().ok());
    digits.and_then(|digits| digits.parse::<i64>().ok()).map_or(0, |count| u64::try_from(count).unwrap_or(0))
}

/// Plans that `code` is used at `used_at` under its rule.
///
/// # Errors
/// [`Error::Conflict`] where the rule has ended, its `usage_limit` is used up, or the customer may use it once and does.
pub(super) async fn take(
    transaction: &mut Transaction,
    store: &Store,
    shop: &ShopId,
    (code, used_at): (&CouponCode, DateTime<Utc>),
) -> Result<(), Error> {
    let key = keys::customer_uses(shop, code.customer_id, code.price_rule_id);
    let stored = price_rules::stored(store, shop, code.price_rule_id);
    let shards = counters::read(store, shop, Counter::UsesOf(code.price_rule_id));
    let (shards, (stored, _), uses) = try_join3(shards, stored, store.get(&key)).await?;
    let rule = &stored.rule;
    if rule.has_ended(used_at) {
        return Err(Error::conflict("This code has expired."));
    }
    let mut shards = counters::under_limit(store, shop, shards, rule).await?;
    let Some(parts) = shards.take(store, shop, 1).await? else {
        return Err(Error::conflict(format!("The usage limit of {} is reached.", rule.usage_limit)));
    };
    shards.write(transaction, shop, &parts.into());
    let attribute = keys::use_attribute(rule.id);
    let live = uses.as_ref().map_or(0, |item| live_uses(item, rule.id));
    if rule.once_per_customer && live > 0 {
        return Err(Error::conflict(format!("Customer {} has used this price rule already.", code.customer_id)));
    }
    let update = format!("SET #type = :type ADD #{attribute} :one");
    let mut values = vec![(":one", n(1)), (":type", s(TYPE))];
    if rule.once_per_customer {
        values.push((":none", n(0)));
        let free = format!("attribute_not_exists(#{attribute}) OR #{attribute} <= :none");
        transaction.update_where("customer uses", key, update, free, values);
    } else {
        transaction.update("customer uses", key, update, None, values);
    }
    let redemption = Redemption {
        code_id: code.id,
        customer_id: code.customer_id,
        price_rule_id: rule.id,
        rule_version: stored.rule_version,
        used_at,
        released_at: None,
    };
    let key = keys::code_redemption(shop, code.id, used_at);
    transaction.put("redemption", entity::item(&key, "redemption", &redemption)?, None, Vec::new());
    Ok(())
}

/// Plans that the use of `code` since `used_at` is given back.
pub(super) async fn give_back(
    transaction: &mut Transaction,
    store: &Store,
    shop: &ShopId,
    (code, used_at): (&CouponCode, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let rule = code.price_rule_id;
    let shards = counters::read(store, shop, Counter::UsesOf(rule)).await?;
    shards.write(transaction, shop, &shards.give(1).into());
    let update = format!("ADD #{} :less", keys::use_attribute(rule));
    let key = keys::customer_uses(shop, code.customer_id, rule);
    transaction.update("customer uses", key, update, None, vec![(":less", n(-1))]);
    let released_at = serde_dynamo::to_attribute_value(now).map_err(|error| Error::Internal(error.to_string()))?;
    let key = keys::code_redemption(shop, code.id, used_at);
    transaction.update("redemption", key, "SET #released_at = :now", None, vec![(":now", released_at)]);
    Ok(())
}
