//! Coupon codes in the table.
//!
//! A code is a row of the list of all codes, which is the one that conditions are put on. Copies of it stand among those
//! of its status ([`List::by_class`]), of its coupon and of its customer, so that a page of each is one range. All change
//! in one transaction, and their tallies with them. A text leads to its code by an item of its own, which stays when the
//! code goes: a text once given is never given again.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::{
    Item,
    coupons::{self, StoredCoupon},
    customers, entity, keys,
    pages::{Class, List, class},
    price_rules::{self, StoredRule},
    standings::{EXPIRED, UNUSED, USED},
    store::Store,
    transaction::{ABSENT, Transaction, n},
};
use crate::{
    domain::{
        coupon::{Coupon, Terms},
        coupon_code::CouponCode,
        customer::Customer,
        id::Id,
        price_rule::PriceRule,
        shop::ShopId,
    },
    error::Error,
};

/// The codes of a shop, by id.
pub static CODES: List = List { classes: 3, by_class: true, ..List::dense("coupon_code") };

/// The codes of one coupon ([`List::of`]), by id. All share a partition, since other coupons' ids lie between them.
pub static OF_COUPON: List = List { row_shift: 53, classes: 3, ..List::dense("coupon_code_of_coupon") };

/// The codes of one customer ([`List::of`]), by id. Customers have few, so one level of wide buckets is enough, and a use
/// of several codes changes few tallies.
pub static OF_CUSTOMER: List =
    List { shifts: &[16], row_shift: 53, classes: 3, ..List::dense("coupon_code_of_customer") };

/// A code as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The code.
    pub code: CouponCode,
    /// How it is stored; how it is seen is for [`standings`](super::standings) to say.
    pub class: Class,
    version: u64,
}

impl Row {
    /// A row of any of the three lists.
    pub fn of_item(item: Item) -> Result<Self, Error> {
        let class = class(&item);
        let (code, version) = entity::versioned(item)?;
        Ok(Self { code, class, version })
    }

    /// How a code is stored, where codes that are not used are stored as expired or not.
    pub(super) fn class_of(code: &CouponCode, lapsed: bool) -> Class {
        if code.used_at.is_some() { USED } else { unused_class(lapsed) }
    }
}

/// The class of a code that is not used.
pub(super) fn unused_class(lapsed: bool) -> Class {
    if lapsed { EXPIRED } else { UNUSED }
}

/// A code by id, deleted coupons' included.
pub async fn get(store: &Store, shop: &ShopId, id: Id) -> Result<Row, Error> {
    Row::of_item(store.get(&CODES.key(shop, id)).await?.ok_or(Error::NotFound)?)
}

/// The codes of these ids that exist.
pub async fn by_ids(store: &Store, shop: &ShopId, ids: &[Id]) -> Result<Vec<Row>, Error> {
    let items = store.batch_get(ids.iter().map(|id| CODES.key(shop, *id)).collect()).await?;
    items.into_iter().map(Row::of_item).collect()
}

/// The code that a text leads to, with what of it never changes: so the code and what it refers to are read side by side.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Text {
    pub(super) code_id: Id,
    pub(super) coupon_id: Id,
    pub(super) price_rule_id: Id,
}

/// The item that leads from its text to a code.
pub(super) fn text_item(shop: &ShopId, code: &CouponCode) -> Result<Item, Error> {
    let text = Text { code_id: code.id, coupon_id: code.coupon_id, price_rule_id: code.price_rule_id };
    entity::item(&keys::code_text(shop, &code.code), "code_text", &text)
}

/// Gives a text to a code; refused under `text` where it is or was another code's.
pub(super) fn give_text(transaction: &mut Transaction, shop: &ShopId, code: &CouponCode) -> Result<(), Error> {
    let free = "attribute_not_exists(#PK) OR #code_id = :id";
    transaction.put("text", text_item(shop, code)?, Some(free), vec![(":id", n(code.id))]);
    Ok(())
}

/// The id of the code that has or once had a text.
pub(super) async fn holder_of_text(store: &Store, shop: &ShopId, text: &str) -> Result<Option<Id>, Error> {
    Ok(store.read::<Text>(&keys::code_text(shop, text)).await?.map(|text| text.code_id))
}

/// Adds a new code with its text. `lapsed` is how its coupon's codes are stored now.
pub(super) fn insert(
    transaction: &mut Transaction,
    shop: &ShopId,
    code: &CouponCode,
    lapsed: bool,
) -> Result<(), Error> {
    let class = Row::class_of(code, lapsed);
    transaction.put("text", text_item(shop, code)?, Some(ABSENT), Vec::new());
    CODES.insert(transaction, "code", shop, (code.id, class), code)?;
    OF_COUPON.of(code.coupon_id).copy(transaction, shop, (code.id, (None, class)), 1, code)?;
    OF_CUSTOMER.of(code.customer_id).copy(transaction, shop, (code.id, (None, class)), 1, code)?;
    Ok(())
}

/// Writes a code anew over what was read of it; refused under `code` where it has changed since.
pub(super) fn replace(
    transaction: &mut Transaction,
    shop: &ShopId,
    before: &Row,
    after: &CouponCode,
    lapsed: bool,
) -> Result<(), Error> {
    let (id, version) = (after.id, before.version + 1);
    let (from, to) = (before.class, Row::class_of(after, lapsed));
    CODES.replace_reclassed(transaction, "code", shop, (id, (from, to)), before.version, after)?;
    OF_COUPON.of(after.coupon_id).copy(transaction, shop, (id, (Some(from), to)), version, after)?;
    let stays = before.code.customer_id == after.customer_id;
    if !stays {
        OF_CUSTOMER.of(before.code.customer_id).remove_copy(transaction, shop, (id, from));
    }
    let from = stays.then_some(from);
    OF_CUSTOMER.of(after.customer_id).copy(transaction, shop, (id, (from, to)), version, after)
}

/// Writes only the row that conditions are put on, in the class in which the code still stands; [`replace`] does the rest.
/// Refused under `code` where it has changed since.
pub(super) fn mark(
    transaction: &mut Transaction,
    shop: &ShopId,
    before: &Row,
    after: &CouponCode,
) -> Result<(), Error> {
    CODES.replace_row(transaction, "code", shop, (after.id, before.class), before.version, after)
}

/// Removes a code on what was read of it; its text stays taken. Refused under `code` where it has changed since.
pub(super) fn remove(transaction: &mut Transaction, shop: &ShopId, row: &Row) {
    let at = (row.code.id, row.class);
    CODES.remove_unchanged(transaction, "code", shop, at, row.version);
    OF_COUPON.of(row.code.coupon_id).remove_copy(transaction, shop, at);
    OF_CUSTOMER.of(row.code.customer_id).remove_copy(transaction, shop, at);
}

/// What codes refer to, by id.
#[derive(Debug, Default)]
pub struct Nested {
    /// The customers.
    pub customers: HashMap<Id, Customer>,
    /// The coupons; deleted ones with what their codes showed last.
    pub coupons: HashMap<Id, StoredCoupon>,
    /// The rules that are there.
    pub rules: HashMap<Id, PriceRule>,
    /// Which of its versions each of the rules is.
    pub(super) rule_versions: HashMap<Id, u64>,
}

impl Nested {
    /// What a code shows of its coupon and rule: as they are, or as they were when the coupon was deleted. `None` where
    /// the code is not there: of a deleted coupon only those are that are used.
    pub fn terms(&self, code: &CouponCode) -> Option<(&Coupon, Terms)> {
        let stored = self.coupons.get(&code.coupon_id)?;
        let terms = match &stored.deleted {
            None => Terms::of(&stored.coupon, self.rules.get(&code.price_rule_id)?),
            Some(last) => last.clone(),
        };
        (stored.deleted.is_none() || code.used_at.is_some()).then_some((&stored.coupon, terms))
    }

    /// Which of its versions a rule is.
    pub(super) fn rule_version(&self, rule: Id) -> Result<u64, Error> {
        let version = self.rule_versions.get(&rule).copied();
        version.ok_or_else(|| Error::Internal(format!("a version of the price rule {rule}, which was not read")))
    }

    /// Adds a customer, a coupon or a rule.
    pub(super) fn add(&mut self, item: Item) -> Result<(), Error> {
        let kind = item.get(keys::TYPE).and_then(|kind: &AttributeValue| kind.as_s().ok()).cloned();
        match kind.as_deref() {
            Some("customer") => {
                let customer = customers::of_item(item)?;
                self.customers.insert(customer.id, customer);
            }
            Some("coupon") => {
                let stored: StoredCoupon = entity::entity(item)?;
                self.coupons.insert(stored.coupon.id, stored);
            }
            Some("price_rule") => {
                let StoredRule { rule, rule_version, .. } = entity::entity(item)?;
                self.rule_versions.insert(rule.id, rule_version);
                self.rules.insert(rule.id, rule);
            }
            other => return Err(Error::Internal(format!("codes do not refer to {other:?}"))),
        }
        Ok(())
    }
}

/// What these texts lead to, each once; nothing where one leads nowhere.
pub(super) async fn texts(store: &Store, shop: &ShopId, texts: &[String]) -> Result<Vec<Text>, Error> {
    let distinct: HashSet<_> = texts.iter().collect();
    let items = store.batch_get(distinct.iter().map(|text| keys::code_text(shop, text)).collect()).await?;
    items.into_iter().map(entity::entity).collect()
}

/// The codes behind texts, by the texts that they have now, with their coupons and rules and these customers.
pub(super) async fn behind(
    store: &Store,
    shop: &ShopId,
    texts: &[Text],
    customers: &[Id],
) -> Result<(HashMap<String, Row>, Nested), Error> {
    let mut wanted = HashSet::new();
    for text in texts {
        let refers = [coupons::COUPONS.key(shop, text.coupon_id), price_rules::key(shop, text.price_rule_id)];
        wanted.extend(refers.into_iter().chain([CODES.key(shop, text.code_id)]));
    }
    wanted.extend(customers.iter().map(|id| customers::CUSTOMERS.key(shop, *id)));
    let (mut rows, mut nested) = (HashMap::new(), Nested::default());
    for item in store.batch_get(wanted.into_iter().collect()).await? {
        if item.get(keys::TYPE).and_then(|kind| kind.as_s().ok()).is_some_and(|kind| kind == CODES.name) {
            // A text stays when its code goes, or takes another.
            let row = Row::of_item(item)?;
            rows.insert(row.code.code.clone(), row);
        } else {
            nested.add(item)?;
        }
    }
    Ok((rows, nested))
}

/// What these codes refer to, in one batch; and these customers beside.
pub async fn nested(
    store: &Store,
    shop: &ShopId,
    codes: impl Iterator<Item = &CouponCode> + Clone,
    customers: &[Id],
) -> Result<Nested, Error> {
    let customer_ids: HashSet<_> =
        codes.clone().map(|code| code.customer_id).chain(customers.iter().copied()).collect();
    let coupon_ids: HashSet<_> = codes.clone().map(|code| code.coupon_id).collect();
    let rule_ids: HashSet<_> = codes.map(|code| code.price_rule_id).collect();
    let customer_keys = customer_ids.iter().map(|id| customers::CUSTOMERS.key(shop, *id));
    let coupon_keys = coupon_ids.iter().map(|id| coupons::COUPONS.key(shop, *id));
    let rule_keys = rule_ids.iter().map(|id| price_rules::key(shop, *id));
    let mut nested = Nested::default();
    for item in store.batch_get(customer_keys.chain(coupon_keys).chain(rule_keys).collect()).await? {
        nested.add(item)?;
    }
    Ok(nested)
}
