//! Uses of price rules (docs/api/checkout.md). They are counted over all codes of a rule, and for each customer and
//! rule. An item, the kept use, keeps each use of a code, with the version of the rule at that time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use futures_util::future::try_join;
use serde::{Deserialize, Serialize};

use crate::{
    discounts::counters::{self, Counter, Shards},
    keys,
};
use domain::{coupon_code::CouponCode, error::Error, id::Id, price_rule::PriceRule, shop::ShopId};
use store::{
    Item,
    client::Store,
    entity,
    item::{key_attributes, n, s},
    transaction::Transaction,
};

/// Value of the type attribute of the items that count a customer's uses.
const TYPE: &str = "customer_uses";

/// A use of a code. It is live until it is released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptUse {
    /// Id of the code.
    pub code_id: Id,
    /// Customer who used the code.
    pub customer_id: Id,
    /// Order that the code was used for; `None` if the merchant used it without an order.
    pub order_id: Option<Id>,
    /// Price rule of the code.
    pub price_rule_id: Id,
    /// Version number of the rule at the time of the use. The item of this version holds the rule.
    pub rule_version: u64,
    /// Instant of the use.
    pub used_at: DateTime<Utc>,
    /// Instant of the release; `None` for a live use.
    pub released_at: Option<DateTime<Utc>>,
}

/// Builds the items of customers' uses for a bulk load, from counts by customer and rule.
pub(crate) fn of_customers(shop: &ShopId, uses: &BTreeMap<(Id, Id), i64>) -> Vec<Item> {
    let mut items: BTreeMap<keys::Key, Item> = BTreeMap::new();
    for ((customer, rule), count) in uses {
        let key = keys::customer_uses(shop, *customer, *rule);
        let item = items.entry(key.clone()).or_insert_with(|| key_attributes(&key));
        item.insert(keys::TYPE.to_owned(), s(TYPE));
        item.insert(keys::use_attribute(*rule), n(count));
    }
    items.into_values().collect()
}

/// Returns the number of live uses of a rule that an item of [`keys::customer_uses`] counts.
fn live_uses(item: &Item, rule: Id) -> u64 {
    let digits = item.get(&keys::use_attribute(rule)).and_then(|count| count.as_n().ok());
    digits.and_then(|digits| digits.parse::<i64>().ok()).map_or(0, |count| u64::try_from(count).unwrap_or(0))
}

/// Reason for a use that is not possible.
#[derive(Debug)]
pub(crate) enum UseRefusal {
    /// The `usage_limit` of this rule is used up, or the customer has the one use that `once_per_customer` allows. The
    /// text is for the client.
    Limit(Id, String),
    /// Any other error, such as a failure of the store.
    Failed(Error),
}

impl From<Error> for UseRefusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<UseRefusal> for Error {
    fn from(refusal: UseRefusal) -> Self {
        match refusal {
            UseRefusal::Limit(_, reason) => Self::conflict(reason),
            UseRefusal::Failed(error) => error,
        }
    }
}

/// Counted uses of rules, in total and by customer, as they were read.
#[derive(Debug, Default)]
pub(crate) struct CountedUses {
    /// Counters of the rules, by rule id.
    pub(crate) in_all: HashMap<Id, Shards>,
    /// Items that count the uses of customers; `None` for an item that does not exist.
    by_customers: HashMap<keys::Key, Option<Item>>,
}

impl CountedUses {
    /// Reads the total uses of `rules`, and the uses by customer and rule of `by_customers`, in 1 round trip.
    pub(crate) async fn read(
        store: &Store,
        shop: &ShopId,
        rules: impl IntoIterator<Item = Id>,
        by_customers: impl IntoIterator<Item = (Id, Id)>,
    ) -> Result<Self, Error> {
        let keys: BTreeSet<_> =
            by_customers.into_iter().map(|(customer, rule)| keys::customer_uses(shop, customer, rule)).collect();
        let in_all = counters::read_each(store, shop, Counter::UsesOf, rules);
        let (in_all, items) = try_join(in_all, store.batch_get(keys.iter().cloned().collect())).await?;
        let mut by_customers: HashMap<_, _> = keys.into_iter().map(|key| (key, None)).collect();
        by_customers.extend(items.into_iter().filter_map(|item| Some((entity::key(&item)?, Some(item)))));
        Ok(Self { in_all, by_customers })
    }

    /// Reads all that a customer's use of these rules depends on.
    pub(crate) async fn before_use(
        store: &Store,
        shop: &ShopId,
        customer: Id,
        rules: &BTreeSet<Id>,
    ) -> Result<Self, Error> {
        let by_customer = rules.iter().map(|rule| (customer, *rule));
        Self::read(store, shop, rules.iter().copied(), by_customer).await
    }

    /// Adds uses that were read of other rules.
    pub(crate) fn extend(&mut self, others: Self) {
        self.in_all.extend(others.in_all);
        self.by_customers.extend(others.by_customers);
    }

    /// True if the total uses of the rule were read.
    pub(crate) fn holds_in_all(&self, rule: Id) -> bool {
        self.in_all.contains_key(&rule)
    }

    /// True if the customer's uses of the rule were read.
    pub(crate) fn holds_of(&self, shop: &ShopId, customer: Id, rule: Id) -> bool {
        self.by_customers.contains_key(&keys::customer_uses(shop, customer, rule))
    }

    /// Returns the number of live uses of the rule; 0 if they were not read.
    pub(crate) fn in_all(&self, rule: Id) -> u64 {
        self.in_all.get(&rule).map_or(0, |shards| u64::try_from(shards.quota.count()).unwrap_or(0))
    }

    /// Returns the number of the customer's live uses of the rule; 0 if they were not read.
    pub(crate) fn by_customer(&self, shop: &ShopId, customer: Id, rule: Id) -> u64 {
        let item = self.by_customers.get(&keys::customer_uses(shop, customer, rule));
        item.and_then(Option::as_ref).map_or(0, |item| live_uses(item, rule))
    }
}

/// Plans that a customer uses rules, each the given number of times. [`CountedUses::before_use`] must have read all of them.
/// It takes mostly one item for each rule, and one item for each range of 256 rule ids.
///
/// # Errors
/// See [`UseRefusal`].
pub(crate) async fn take(
    transaction: &mut Transaction,
    store: &Store,
    shop: &ShopId,
    (customer, taken): (Id, &CountedUses),
    rules: &[(&PriceRule, u64)],
) -> Result<(), UseRefusal> {
    for (rule, times) in rules {
        let shards = taken.in_all.get(&rule.id).ok_or_else(|| unread(rule.id))?.clone();
        let mut shards = counters::under_limit(store, shop, shards, rule).await?;
        let Some(parts) = shards.take(store, shop, *times).await? else {
            return Err(UseRefusal::Limit(rule.id, format!("The usage limit of {} is reached.", rule.usage_limit)));
        };
        shards.write(transaction, shop, &parts.into());
    }
    let once = |(rule, times): &&(&PriceRule, u64)| {
        rule.once_per_customer && (*times > 1 || taken.by_customer(shop, customer, rule.id) > 0)
    };
    if let Some((rule, _)) = rules.iter().find(once) {
        return Err(UseRefusal::Limit(rule.id, format!("Customer {customer} has used this price rule already.")));
    }
    for (key, rules) in by_item(shop, customer, rules.iter().copied(), |rule| rule.id) {
        take_for_customer(transaction, key, &rules);
    }
    Ok(())
}

fn unread(rule: Id) -> Error {
    Error::Internal(format!("the uses of price rule {rule} were not read"))
}

/// Groups rules by the item that counts the customer's uses.
fn by_item<T: Copy>(
    shop: &ShopId,
    customer: Id,
    rules: impl Iterator<Item = (T, u64)>,
    id: impl Fn(T) -> Id,
) -> BTreeMap<keys::Key, Vec<(T, u64)>> {
    let mut by_item: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (rule, times) in rules {
        by_item.entry(keys::customer_uses(shop, customer, id(rule))).or_default().push((rule, times));
    }
    by_item
}

/// Placeholders for the rules of one item. An order uses no more rules than these.
const PLACEHOLDERS: [&str; domain::order_uses::MAX_RULES] =
    [":n0", ":n1", ":n2", ":n3", ":n4", ":n5", ":n6", ":n7", ":n8", ":n9", ":n10", ":n11", ":n12", ":n13", ":n14"];

fn take_for_customer(transaction: &mut Transaction, key: keys::Key, rules: &[(&PriceRule, u64)]) {
    let (mut adds, mut free) = (Vec::new(), Vec::new());
    let mut values = vec![(":type", s(TYPE))];
    for ((rule, times), placeholder) in rules.iter().zip(PLACEHOLDERS) {
        let attribute = keys::use_attribute(rule.id);
        adds.push(format!("#{attribute} {placeholder}"));
        values.push((placeholder, n(times)));
        if rule.once_per_customer {
            free.push(format!("(attribute_not_exists(#{attribute}) OR #{attribute} <= :none)"));
        }
    }
    let update = format!("SET #type = :type ADD {}", adds.join(", "));
    if free.is_empty() {
        transaction.update("customer uses", key, update, None, values);
    } else {
        values.push((":none", n(0)));
        transaction.update_where("customer uses", key, update, free.join(" AND "), values);
    }
}

/// Plans that a customer's uses of rules are given back, each the given number of times. The counters of the rules must
/// have been read.
pub(crate) fn give(
    transaction: &mut Transaction,
    shop: &ShopId,
    customer: Id,
    rules: &BTreeMap<Id, u64>,
    counters: &HashMap<Id, Shards>,
) -> Result<(), Error> {
    for (rule, times) in rules {
        let shards = counters.get(rule).ok_or_else(|| unread(*rule))?;
        shards.write(transaction, shop, &shards.give(*times).into());
    }
    for (key, rules) in by_item(shop, customer, rules.iter().map(|(rule, times)| (*rule, *times)), |rule| rule) {
        let mut adds = Vec::new();
        let mut values = Vec::new();
        for ((rule, times), placeholder) in rules.iter().zip(PLACEHOLDERS) {
            adds.push(format!("#{} {placeholder}", keys::use_attribute(*rule)));
            values.push((placeholder, n(-i64::try_from(*times).unwrap_or(0))));
        }
        transaction.update("customer uses", key, format!("ADD {}", adds.join(", ")), None, values);
    }
    Ok(())
}

/// Puts the redemption of a used code, under this version of its rule.
pub(crate) fn keep(
    transaction: &mut Transaction,
    shop: &ShopId,
    code: &CouponCode,
    rule_version: u64,
) -> Result<(), Error> {
    let Some(used_at) = code.used_at else { return Err(Error::Internal("a redemption needs a used code".to_owned())) };
    let redemption = KeptUse {
        code_id: code.id,
        customer_id: code.customer_id,
        order_id: code.order_id,
        price_rule_id: code.price_rule_id,
        rule_version,
        used_at,
        released_at: None,
    };
    let key = keys::code_redemption(shop, code.id, used_at);
    transaction.put("redemption", entity::item(&key, "redemption", &redemption)?, None, Vec::new());
    Ok(())
}

/// Sets the instant of the release in the redemption that [`keep`] puts.
pub(crate) fn close(
    transaction: &mut Transaction,
    shop: &ShopId,
    (code, used_at): (Id, DateTime<Utc>),
    released_at: DateTime<Utc>,
) -> Result<(), Error> {
    let released_at =
        serde_dynamo::to_attribute_value(released_at).map_err(|error| Error::Internal(error.to_string()))?;
    let key = keys::code_redemption(shop, code, used_at);
    transaction.update("redemption", key, "SET #released_at = :now", None, vec![(":now", released_at)]);
    Ok(())
}
