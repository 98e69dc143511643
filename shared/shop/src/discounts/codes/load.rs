//! Bulk load of codes into a shop that has none, without transactions: the codes with their texts, copies and counters.
//! The coupons, their rules and the customers must exist.

use std::collections::BTreeMap;

use crate::discounts::{
    codes::{
        rows::{CODES, OF_COUPON, OF_CUSTOMER, Row, text_item},
        uses,
    },
    counters::{self, Change, Counter},
};
use domain::{coupon_code::CouponCode, error::Error, id::Id, shop::ShopId};
use store::{client::Store, pages::bulk, sequence};

/// A bulk load of codes whose ids the caller assigns. No list shows them before [`Load::finish`].
#[derive(Debug)]
pub struct Load<'a> {
    store: &'a Store,
    shop: &'a ShopId,
    rows: bulk::Load<'a>,
    codes: BTreeMap<Id, Change>,
    uses: BTreeMap<Id, i64>,
    customer_uses: BTreeMap<(Id, Id), i64>,
    last: Id,
}

impl<'a> Load<'a> {
    /// Starts a load into a shop that has no codes.
    pub fn new(store: &'a Store, shop: &'a ShopId) -> Self {
        Self {
            store,
            shop,
            rows: bulk::Load::new(store, shop),
            codes: BTreeMap::new(),
            uses: BTreeMap::new(),
            customer_uses: BTreeMap::new(),
            last: 0,
        }
    }

    /// Adds a code of a rule without limits. `lapsed` is true if the rule has ended and its codes are to be stored as
    /// expired.
    pub async fn push(&mut self, code: &CouponCode, lapsed: bool) -> Result<(), Error> {
        let class = Row::class_of(code, lapsed);
        let (of_coupon, of_customer) = (OF_COUPON.of(code.coupon_id), OF_CUSTOMER.of(code.customer_id));
        for list in [&CODES, &of_coupon, &of_customer] {
            self.rows.push(list, code.id, class, code).await?;
        }
        let codes =
            self.codes.entry(code.coupon_id).or_insert_with(|| Change { parts: vec![(0, 0)], ..Change::default() });
        codes.parts[0].1 += 1;
        codes.used += i64::from(code.used_at.is_some());
        codes.claimed += i64::from(code.claimed);
        if code.used_at.is_some() {
            *self.uses.entry(code.price_rule_id).or_default() += 1;
            *self.customer_uses.entry((code.customer_id, code.price_rule_id)).or_default() += 1;
        }
        self.last = self.last.max(code.id);
        self.rows.put(text_item(self.shop, code)?).await
    }

    /// Writes the remaining rows, the counters, the tallies and the sequence of ids.
    pub async fn finish(mut self) -> Result<(), Error> {
        for (coupon, codes) in self.codes {
            counters::load(self.store, self.shop, Counter::CodesOf(coupon), codes).await?;
        }
        for (rule, count) in self.uses {
            let uses = Change { parts: vec![(0, count)], ..Change::default() };
            counters::load(self.store, self.shop, Counter::UsesOf(rule), uses).await?;
        }
        for item in uses::of_customers(self.shop, &self.customer_uses) {
            self.rows.put(item).await?;
        }
        sequence::skip_to(self.store, self.shop, CODES.name, self.last + 1).await?;
        self.rows.finish().await
    }
}
