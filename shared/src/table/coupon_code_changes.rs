//! Changes of a code: another customer, another text, used, given back; and its end.

use chrono::{DateTime, Utc};

use super::{
    counters::{self, Counter},
    coupon_code_uses as uses,
    coupon_codes::{self, Nested, Row},
    standings::EXPIRED,
    store::Store,
    transaction::Transaction,
};
use crate::{
    domain::{coupon_code::CouponCode, id::Id, price_rule::PriceRule, shop::ShopId},
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
    if nested.is_there(&row.code) { Ok((row, nested)) } else { Err(Error::NotFound) }
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
    match (row.code.used_at, draft.used) {
        (None, Some(true)) => {
            let rule = nested.rule_of(&row.code).ok_or_else(no_rule)?;
            use_now(&mut transaction, store, shop, &mut after, rule, now).await?;
        }
        (Some(used_at), Some(false)) => {
            if nested.coupons.get(&row.code.coupon_id).is_none_or(|stored| stored.deleted.is_some()) {
                return Err(Error::conflict("The coupon of this code was deleted."));
            }
            lapsed = uses::give_back(&mut transaction, store, shop, (&row.code, used_at), now).await?;
            after.used_at = None;
        }
        _ => {}
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

fn no_rule() -> Error {
    Error::Internal("a code whose price rule is gone".to_owned())
}

async fn use_now(
    transaction: &mut Transaction,
    store: &Store,
    shop: &ShopId,
    code: &mut CouponCode,
    rule: &PriceRule,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if rule.has_ended(now) {
        return Err(Error::conflict("This code has expired."));
    }
    uses::take(transaction, store, shop, (code, now), rule).await?;
    code.used_at = Some(now);
    Ok(())
}

/// Plans the end of a code. Its text stays taken; an unused one gives its place under the quota back.
pub async fn delete(store: &Store, shop: &ShopId, id: Id) -> Result<(Transaction, ()), Error> {
    let (row, _) = find(store, shop, id, &[]).await?;
    let mut transaction = Transaction::default();
    coupon_codes::remove(&mut transaction, shop, &row);
    if row.code.used_at.is_none() {
        let shards = counters::read(store, shop, Counter::CodesOf(row.code.coupon_id)).await?;
        if !shards.closed {
            shards.give(&mut transaction, shop, 1);
        }
    }
    Ok((transaction, ()))
}
