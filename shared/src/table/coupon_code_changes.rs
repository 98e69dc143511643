//! Changes of a code: another customer, another text, used, given back; and its end.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    counters::{self, Change, Counter},
    coupon_code_uses as uses,
    coupon_codes::{self, Nested, Row},
    settling,
    standings::EXPIRED,
    store::Store,
    transaction::Transaction,
};
use crate::{
    domain::{coupon_code::CouponCode, id::Id, shop::ShopId},
    error::{Error, FieldErrors},
};

/// What is to change of a code: what is good of it, and the errors of the rest.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Whose it is to be.
    pub customer_id: Option<Id>,
    /// What its text is to be.
    pub code: Option<String>,
    /// Whether it is to be used.
    pub used: Option<bool>,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// A code that is there, with what it refers to and these customers.
async fn find(store: &Store, shop: &ShopId, id: Id, customers: &[Id]) -> Result<(Row, Nested), Error> {
    let row = coupon_codes::get(store, shop, id).await?;
    let nested = coupon_codes::nested(store, shop, std::iter::once(&row.code), customers).await?;
    if nested.terms(&row.code).is_some() { Ok((row, nested)) } else { Err(Error::NotFound) }
}

/// A code that is there.
pub async fn get(store: &Store, shop: &ShopId, id: Id) -> Result<(CouponCode, Nested), Error> {
    let (row, nested) = find(store, shop, id, &[]).await?;
    Ok((row.code, nested))
}

/// Plans a change of a code. A wrong draft is refused only where there is such a code.
///
/// # Errors
/// [`Error::Invalid`] for what cannot be right; [`Error::Conflict`] where the state of the code or a limit forbids it.
pub async fn update(
    store: &Store,
    shop: &ShopId,
    id: Id,
    draft: Result<Draft, Error>,
    now: DateTime<Utc>,
) -> Result<(Transaction, (CouponCode, Nested)), Error> {
    let customer = draft.as_ref().ok().and_then(|draft| draft.customer_id);
    let (row, nested) = find(store, shop, id, customer.as_slice()).await?;
    let draft = draft?;
    check(store, shop, &row.code, &draft, &nested).await?;
    let mut after = row.code.clone();
    if let Some(customer) = draft.customer_id.filter(|customer| *customer != row.code.customer_id) {
        if row.code.used_at.is_some() {
            return Err(Error::conflict("A used code cannot be transferred."));
        }
        after.customer_id = customer;
    }
    let mut transaction = Transaction::default();
    if let Some(text) = draft.code.filter(|text| *text != row.code.code) {
        after.code = text;
        coupon_codes::give_text(&mut transaction, shop, &after)?;
    }
    let mut lapsed = row.class == EXPIRED;
    if draft.used.is_some_and(|used| used != row.code.used_at.is_some()) {
        lapsed = turn_over(&mut transaction, store, shop, (&mut after, &nested), now).await?;
    }
    coupon_codes::replace(&mut transaction, shop, &row, &after, lapsed)?;
    Ok((transaction, (after, nested)))
}

/// Whether the customer and the text of a draft can be, and all else that is wrong with it.
async fn check(store: &Store, shop: &ShopId, code: &CouponCode, draft: &Draft, nested: &Nested) -> Result<(), Error> {
    let mut errors = FieldErrors::NONE;
    if let Some(id) = draft.customer_id.filter(|id| !nested.customers.contains_key(id)) {
        errors = FieldErrors::missing("customer_id", id);
    }
    if let Some(text) = draft.code.as_ref().filter(|text| **text != code.code)
        && coupon_codes::holder_of_text(store, shop, text).await?.is_some_and(|holder| holder != code.id)
    {
        errors = errors.and(FieldErrors::field("code", "coupon code with this code already exists."));
    }
    let errors = errors.and(draft.errors.clone());
    if errors.is_empty() { Ok(()) } else { Err(Error::Invalid(errors)) }
}

/// Plans that a code which is not used is used, or that a use is given back. Answers whether codes that are not used are
/// stored as expired. The counter of the coupon's codes is read after the coupon, and guards it from here on.
async fn turn_over(
    transaction: &mut Transaction,
    store: &Store,
    shop: &ShopId,
    (code, nested): (&mut CouponCode, &Nested),
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let codes = counters::read(store, shop, Counter::CodesOf(code.coupon_id)).await?;
    let used = match code.used_at {
        None if codes.closed => return Err(Error::NotFound),
        Some(_) if codes.closed => return Err(Error::conflict("The coupon of this code was deleted.")),
        None => {
            let rule = nested.rules.get(&code.price_rule_id).ok_or(Error::NotFound)?;
            if rule.has_ended(now) {
                return Err(Error::conflict("This code has expired."));
            }
            uses::take(transaction, store, shop, code.customer_id, &[(rule, 1)]).await?;
            code.used_at = Some(now);
            uses::keep(transaction, shop, code, nested.rule_version(rule.id)?)?;
            1
        }
        Some(used_at) => {
            let rule = BTreeMap::from([(code.price_rule_id, 1)]);
            uses::give_back(transaction, store, shop, code.customer_id, &rule).await?;
            uses::close(transaction, shop, (code.id, used_at), now)?;
            if let Some(order) = code.order_id {
                settling::take_out(transaction, store, shop, (order, code.id)).await?;
            }
            (code.used_at, code.order_id) = (None, None);
            -1
        }
    };
    codes.write(transaction, shop, &Change { used, ..Change::default() });
    Ok(codes.lapsed)
}

/// Plans the end of a code. Its text stays taken; an unused one gives its place under the quota back.
pub async fn delete(store: &Store, shop: &ShopId, id: Id) -> Result<(Transaction, ()), Error> {
    let (row, _) = find(store, shop, id, &[]).await?;
    let mut transaction = Transaction::default();
    coupon_codes::remove(&mut transaction, shop, &row);
    let codes = counters::read(store, shop, Counter::CodesOf(row.code.coupon_id)).await?;
    if !codes.closed {
        let used = row.code.used_at.is_some();
        let parts = if used { Vec::new() } else { codes.give(1) };
        let change = Change { parts, used: -i64::from(used), claimed: -i64::from(row.code.claimed) };
        codes.write(&mut transaction, shop, &change);
    }
    Ok((transaction, ()))
}
