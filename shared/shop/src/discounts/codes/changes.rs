//! Changes of a code: another customer, another text, used or not used, and deletion (docs/api/coupon-codes.md).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join3};

use crate::{
    discounts::{
        codes::{
            rows::{self, Nested, Row},
            uses::{self, CountedUses},
        },
        counters::{self, Change, Counter, Shards},
        rules::overlay::EXPIRED,
    },
    orders::{self, settling, uses::VersionedUses},
};
use domain::{
    coupon_code::CouponCode,
    error::{Error, FieldErrors},
    id::Id,
    shop::ShopId,
};
use store::{client::Store, transaction::Transaction};

/// Input of an update: the valid fields, and the errors of the others.
#[derive(Debug, Clone)]
pub struct CodeUpdate {
    /// New owner of the code.
    pub customer_id: Option<Id>,
    /// New text of the code.
    pub code: Option<String>,
    /// True to use the code, false to take its use back.
    pub used: Option<bool>,
    /// Errors of the invalid fields.
    pub errors: FieldErrors,
}

/// Reads a code with its customer, coupon and rule: 2 round trips.
///
/// # Errors
/// [`Error::NotFound`] for an unknown code, and for an unused code of a deleted coupon.
pub async fn get(store: &Store, shop: &ShopId, id: Id) -> Result<(CouponCode, Nested), Error> {
    let row = rows::get(store, shop, id).await?;
    let nested = rows::nested(store, shop, std::iter::once(&row.code), &[]).await?;
    if nested.terms(&row.code).is_some() { Ok((row.code, nested)) } else { Err(Error::NotFound) }
}

/// Plans an update of a code: 3 round trips. An invalid update is refused only if the code exists.
///
/// # Errors
/// [`Error::NotFound`] if there is no such code. [`Error::Invalid`] for fields that cannot be right.
/// [`Error::Conflict`] if the state of the code or a limit forbids the change.
pub async fn update(
    store: &Store,
    shop: &ShopId,
    id: Id,
    update: Result<CodeUpdate, Error>,
    now: DateTime<Utc>,
) -> Result<(Transaction, (CouponCode, Nested)), Error> {
    let row = rows::get(store, shop, id).await?;
    let customer = update.as_ref().ok().and_then(|update| update.customer_id);
    let nested = rows::nested(store, shop, std::iter::once(&row.code), customer.as_slice());
    let use_change = async {
        let changes_use =
            update.as_ref().is_ok_and(|update| update.used.is_some_and(|used| used != row.code.used_at.is_some()));
        if changes_use { UseChange::read(store, shop, &row.code, customer).await.map(Some) } else { Ok(None) }
    };
    let text = update.as_ref().ok().and_then(|update| update.code.as_ref()).filter(|text| **text != row.code.code);
    let holder = async {
        match text {
            Some(text) => rows::holder_of_text(store, shop, text).await,
            None => Ok(None),
        }
    };
    let (nested, use_change, holder) = try_join3(nested, use_change, holder).await?;
    if nested.terms(&row.code).is_none() {
        return Err(Error::NotFound);
    }
    let update = update?;
    check(&row.code, &update, &nested, holder)?;
    let mut after = row.code.clone();
    if let Some(customer) = update.customer_id.filter(|customer| *customer != row.code.customer_id) {
        if row.code.used_at.is_some() {
            return Err(Error::conflict("A used code cannot be transferred."));
        }
        after.customer_id = customer;
    }
    let mut transaction = Transaction::default();
    if let Some(text) = update.code.filter(|text| *text != row.code.code) {
        after.code = text;
        rows::give_text(&mut transaction, shop, &after)?;
    }
    let mut lapsed = row.class == EXPIRED;
    if let Some(use_change) = use_change {
        lapsed = use_change.codes.lapsed;
        let rule = nested.rules.get(&after.price_rule_id);
        if after.used_at.is_none() && !use_change.codes.closed && rule.is_some_and(|rule| rule.has_ended(now)) {
            return Err(Error::conflict("This code has expired."));
        }
        use_change.over(&mut transaction, store, shop, (&mut after, &nested), now).await?;
    }
    rows::replace(&mut transaction, shop, &row, &after, lapsed)?;
    Ok((transaction, (after, nested)))
}

/// Plans the use of a code that was made in another system, within the limits. The rule may have ended since.
///
/// # Errors
/// [`Error::Conflict`] if a limit forbids the use.
pub async fn use_elsewhere(
    store: &Store,
    shop: &ShopId,
    row: &Row,
    used_at: DateTime<Utc>,
) -> Result<(Transaction, (CouponCode, Nested)), Error> {
    let nested = rows::nested(store, shop, std::iter::once(&row.code), &[]);
    let (nested, use_change) = try_join(nested, UseChange::read(store, shop, &row.code, None)).await?;
    let (mut after, lapsed) = (row.code.clone(), use_change.codes.lapsed);
    let mut transaction = Transaction::default();
    use_change.over(&mut transaction, store, shop, (&mut after, &nested), used_at).await?;
    rows::replace(&mut transaction, shop, row, &after, lapsed)?;
    Ok((transaction, (after, nested)))
}

/// Checks the customer and the text of a update, given the code that holds the text, and adds the update's other errors.
fn check(code: &CouponCode, update: &CodeUpdate, nested: &Nested, holder: Option<Id>) -> Result<(), Error> {
    let mut errors = FieldErrors::NONE;
    if let Some(id) = update.customer_id.filter(|id| !nested.customers.contains_key(id)) {
        errors = FieldErrors::missing("customer_id", id);
    }
    if holder.is_some_and(|holder| holder != code.id) {
        errors = errors.and(FieldErrors::field("code", "coupon code with this code already exists."));
    }
    let errors = errors.and(update.errors.clone());
    if errors.is_empty() { Ok(()) } else { Err(Error::Invalid(errors)) }
}

/// State that is needed to use an unused code, or to take a use back.
struct UseChange {
    /// Quota shards of the coupon's codes. The change is conditioned on their epoch.
    codes: Shards,
    /// Counted uses of the rule.
    taken: CountedUses,
    /// The order that uses the code, with its record; `None` if no order does.
    record: Option<(Id, VersionedUses)>,
}

impl UseChange {
    /// Reads the state. `customer` is the new owner of the code, if it gets one.
    async fn read(store: &Store, shop: &ShopId, code: &CouponCode, customer: Option<Id>) -> Result<Self, Error> {
        let (rule, user) = (code.price_rule_id, customer.unwrap_or(code.customer_id));
        // A use can be taken back whatever else the customer uses.
        let by_customer = code.used_at.is_none().then_some((user, rule));
        let record = async {
            match code.order_id {
                Some(order) => orders::uses::read(store, shop, order).await.map(|record| Some((order, record))),
                None => Ok(None),
            }
        };
        let taken = CountedUses::read(store, shop, [rule], by_customer);
        let codes = counters::read(store, shop, Counter::CodesOf(code.coupon_id));
        let (codes, taken, record) = try_join3(codes, taken, record).await?;
        Ok(Self { codes, taken, record })
    }

    /// Plans the use, or takes the use back. The caller must check that the rule has not ended.
    async fn over(
        self,
        transaction: &mut Transaction,
        store: &Store,
        shop: &ShopId,
        (code, nested): (&mut CouponCode, &Nested),
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let used = match code.used_at {
            None if self.codes.closed => return Err(Error::NotFound),
            Some(_) if self.codes.closed => return Err(Error::conflict("The coupon of this code was deleted.")),
            None => {
                let rule = nested.rules.get(&code.price_rule_id).ok_or(Error::NotFound)?;
                uses::take(transaction, store, shop, (code.customer_id, &self.taken), &[(rule, 1)]).await?;
                code.used_at = Some(now);
                uses::keep(transaction, shop, code, nested.rule_version(rule.id)?)?;
                1
            }
            Some(used_at) => {
                let rule = BTreeMap::from([(code.price_rule_id, 1)]);
                uses::give(transaction, shop, code.customer_id, &rule, &self.taken.in_all)?;
                uses::close(transaction, shop, (code.id, used_at), now)?;
                if let Some((order, record)) = &self.record {
                    settling::take_out(transaction, shop, (*order, code.id), record)?;
                }
                (code.used_at, code.order_id) = (None, None);
                -1
            }
        };
        self.codes.write(transaction, shop, &Change { used, ..Change::default() });
        Ok(())
    }
}

/// Plans the deletion of a code. Its text stays taken. An unused code gives its quota place back.
///
/// # Errors
/// [`Error::NotFound`] if there is no such code.
pub async fn delete(store: &Store, shop: &ShopId, id: Id) -> Result<(Transaction, ()), Error> {
    let row = rows::get(store, shop, id).await?;
    let nested = rows::nested(store, shop, std::iter::once(&row.code), &[]);
    let codes = counters::read(store, shop, Counter::CodesOf(row.code.coupon_id));
    let (nested, codes) = try_join(nested, codes).await?;
    if nested.terms(&row.code).is_none() {
        return Err(Error::NotFound);
    }
    let mut transaction = Transaction::default();
    rows::remove(&mut transaction, shop, &row);
    if !codes.closed {
        let used = row.code.used_at.is_some();
        let parts = if used { Vec::new() } else { codes.give(1) };
        let change = Change { parts, used: -i64::from(used), claimed: -i64::from(row.code.claimed) };
        codes.write(&mut transaction, shop, &change);
    }
    Ok((transaction, ()))
}
