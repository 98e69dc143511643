//! Coupon codes as they are stored (docs/api/coupon-codes.md).
//!
//! A code is a row of the list of all codes. Conditions are put on this row. The code has copies in the lists of its
//! status ([`List::by_class`]), of its coupon and of its customer, so that a page of each is one range. The row, its
//! copies and their tallies change in one transaction. A pointer item leads from a text to its code. It stays after the
//! code is deleted, so a text is never given twice.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use crate::{
    crm::customers,
    discounts::{
        coupons::{self, rows::StoredCoupon},
        rules::{
            self,
            overlay::{EXPIRED, UNUSED, USED},
            stored::StoredRule,
        },
    },
    keys,
};
use domain::{
    coupon::{Coupon, Terms},
    coupon_code::CouponCode,
    customer::Customer,
    error::Error,
    id::Id,
    price_rule::PriceRule,
    shop::ShopId,
};
use store::{
    Item,
    client::Store,
    entity,
    item::n,
    pages::{Class, List, class},
    transaction::{ABSENT, Transaction},
};

/// The ranked list of a shop's codes, by id.
pub static CODES: List = List { classes: 3, by_class: true, ..List::dense("coupon_code") };

/// The ranked lists of the codes of each coupon ([`List::of`]), by id. All rows share a partition, since other coupons'
/// ids lie between them.
pub static OF_COUPON: List = List { row_shift: 53, classes: 3, ..List::dense("coupon_code_of_coupon") };

/// The ranked lists of the codes of each customer ([`List::of`]), by id. Customers have few codes, so one level of wide
/// buckets is enough, and a use of several codes changes few tallies.
pub static OF_CUSTOMER: List =
    List { shifts: &[16], row_shift: 53, classes: 3, ..List::dense("coupon_code_of_customer") };

/// A code as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The code as the client sees it.
    pub code: CouponCode,
    /// Stored class of the code. [`overlay`](crate::discounts::rules::overlay) tells its effective status.
    pub class: Class,
    version: u64,
}

impl Row {
    /// Reads a row of any of the three lists.
    pub fn of_item(item: Item) -> Result<Self, Error> {
        let class = class(&item);
        let (code, version) = entity::versioned(item)?;
        Ok(Self { code, class, version })
    }

    /// Returns the class in which a code is stored. `lapsed` is true if unused codes are stored as expired.
    pub(crate) fn class_of(code: &CouponCode, lapsed: bool) -> Class {
        if code.used_at.is_some() { USED } else { unused_class(lapsed) }
    }
}

/// Returns the class of a code that is not used.
pub(crate) fn unused_class(lapsed: bool) -> Class {
    if lapsed { EXPIRED } else { UNUSED }
}

/// Reads a code by its id, including codes of deleted coupons.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn get(store: &Store, shop: &ShopId, id: Id) -> Result<Row, Error> {
    Row::of_item(store.get(&CODES.key(shop, id)).await?.ok_or(Error::NotFound)?)
}

/// Reads the codes with these ids, without those that do not exist.
pub async fn by_ids(store: &Store, shop: &ShopId, ids: &[Id]) -> Result<Vec<Row>, Error> {
    let items = store.batch_get(ids.iter().map(|id| CODES.key(shop, *id)).collect()).await?;
    items.into_iter().map(Row::of_item).collect()
}

/// The pointer from a text to its code. It also has the ids of the coupon and the rule, which never change, so that the
/// code and both of them can be read in parallel.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Text {
    pub(crate) code_id: Id,
    pub(crate) coupon_id: Id,
    pub(crate) price_rule_id: Id,
}

/// Builds the pointer from a code's text to the code.
pub(crate) fn text_item(shop: &ShopId, code: &CouponCode) -> Result<Item, Error> {
    let text = Text { code_id: code.id, coupon_id: code.coupon_id, price_rule_id: code.price_rule_id };
    entity::item(&keys::code_text(shop, &code.code), "code_text", &text)
}

/// Gives a text to a code. Refused under the label `text` if the text is or was another code's.
pub(crate) fn give_text(transaction: &mut Transaction, shop: &ShopId, code: &CouponCode) -> Result<(), Error> {
    let free = "attribute_not_exists(#PK) OR #code_id = :id";
    transaction.put("text", text_item(shop, code)?, Some(free), vec![(":id", n(code.id))]);
    Ok(())
}

/// Reads the id of the code that has or once had this text.
pub(crate) async fn holder_of_text(store: &Store, shop: &ShopId, text: &str) -> Result<Option<Id>, Error> {
    Ok(store.read::<Text>(&keys::code_text(shop, text)).await?.map(|text| text.code_id))
}

/// Adds a new code with its text to a transaction. `lapsed` is true if the coupon's unused codes are stored as expired
/// now.
pub(crate) fn insert(
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

/// Replaces a code as it was read, with its copies. Refused under the label `code` if it has changed since.
pub(crate) fn replace(
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

/// Replaces only the row on which conditions are put, in the class that the code still has. [`replace`] must follow in
/// a later transaction. Refused under the label `code` if the row has changed since it was read.
pub(crate) fn mark(
    transaction: &mut Transaction,
    shop: &ShopId,
    before: &Row,
    after: &CouponCode,
) -> Result<(), Error> {
    CODES.replace_row(transaction, "code", shop, (after.id, before.class), before.version, after)
}

/// Removes a code as it was read. Its text stays taken. Refused under the label `code` if it has changed since.
pub(crate) fn remove(transaction: &mut Transaction, shop: &ShopId, row: &Row) {
    let at = (row.code.id, row.class);
    CODES.remove_unchanged(transaction, "code", shop, at, row.version);
    OF_COUPON.of(row.code.coupon_id).remove_copy(transaction, shop, at);
    OF_CUSTOMER.of(row.code.customer_id).remove_copy(transaction, shop, at);
}

/// Customers, coupons and price rules that codes refer to, by id.
#[derive(Debug, Default)]
pub struct Nested {
    /// The customers of the codes.
    pub customers: HashMap<Id, Customer>,
    /// The coupons of the codes, including deleted ones.
    pub coupons: HashMap<Id, StoredCoupon>,
    /// The price rules of the codes, without deleted ones.
    pub rules: HashMap<Id, PriceRule>,
    /// Version number of each price rule.
    pub(crate) rule_versions: HashMap<Id, u64>,
}

impl Nested {
    /// Returns the coupon of a code, and the title and dates that the code shows. They are current, or those of the
    /// moment when the coupon was deleted. Returns `None` if the code is gone: an unused code of a deleted coupon.
    pub fn terms(&self, code: &CouponCode) -> Option<(&Coupon, Terms)> {
        let stored = self.coupons.get(&code.coupon_id)?;
        let terms = match &stored.deleted {
            None => Terms::of(&stored.coupon, self.rules.get(&code.price_rule_id)?),
            Some(last) => last.clone(),
        };
        (stored.deleted.is_none() || code.used_at.is_some()).then_some((&stored.coupon, terms))
    }

    /// Returns the version number of a rule.
    ///
    /// # Errors
    /// [`Error::Internal`] for a rule that was not read.
    pub(crate) fn rule_version(&self, rule: Id) -> Result<u64, Error> {
        let version = self.rule_versions.get(&rule).copied();
        version.ok_or_else(|| Error::Internal(format!("the version of price rule {rule} was not read")))
    }

    /// Adds a customer, a coupon or a price rule, by the type of the item.
    pub(crate) fn add(&mut self, item: Item) -> Result<(), Error> {
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
            other => return Err(Error::Internal(format!("unexpected type of an item that codes refer to: {other:?}"))),
        }
        Ok(())
    }
}

/// Reads the pointers of these texts, each once, without texts that no code has.
pub(crate) async fn texts(store: &Store, shop: &ShopId, texts: &[String]) -> Result<Vec<Text>, Error> {
    let distinct: HashSet<_> = texts.iter().collect();
    let items = store.batch_get(distinct.iter().map(|text| keys::code_text(shop, text)).collect()).await?;
    items.into_iter().map(entity::entity).collect()
}

/// Reads the codes behind these pointers, by their current texts, with their coupons and rules and with these
/// customers: one batch.
pub(crate) async fn behind(
    store: &Store,
    shop: &ShopId,
    texts: &[Text],
    customers: &[Id],
) -> Result<(HashMap<String, Row>, Nested), Error> {
    let mut wanted = HashSet::new();
    for text in texts {
        let refers = [coupons::rows::COUPONS.key(shop, text.coupon_id), rules::rows::key(shop, text.price_rule_id)];
        wanted.extend(refers.into_iter().chain([CODES.key(shop, text.code_id)]));
    }
    wanted.extend(customers.iter().map(|id| customers::CUSTOMERS.key(shop, *id)));
    let (mut rows, mut nested) = (HashMap::new(), Nested::default());
    for item in store.batch_get(wanted.into_iter().collect()).await? {
        if item.get(keys::TYPE).and_then(|kind| kind.as_s().ok()).is_some_and(|kind| kind == CODES.name) {
            // A pointer stays after its code is deleted or gets another text.
            let row = Row::of_item(item)?;
            rows.insert(row.code.code.clone(), row);
        } else {
            nested.add(item)?;
        }
    }
    Ok((rows, nested))
}

/// Reads the customers, coupons and price rules of these codes, and these further customers, in one batch.
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
    let coupon_keys = coupon_ids.iter().map(|id| coupons::rows::COUPONS.key(shop, *id));
    let rule_keys = rule_ids.iter().map(|id| rules::rows::key(shop, *id));
    let mut nested = Nested::default();
    for item in store.batch_get(customer_keys.chain(coupon_keys).chain(rule_keys).collect()).await? {
        nested.add(item)?;
    }
    Ok(nested)
}
