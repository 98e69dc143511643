//! Codes that come from another system: issued with the text that they have there, and used where they were used there. One
//! code is one transaction, with its place under the quota and, where it is used, its use under the limits.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use futures_util::future::try_join;

use super::{
    counters::Change,
    coupon_code_changes as changes,
    coupon_code_issue::{self as issue, Pair, Prepared},
    coupon_code_uses::{self as uses, Taken},
    coupon_codes::{self, Nested, Row},
    coupons,
    store::Store,
    transaction::Transaction,
};
use crate::{
    domain::{coupon_code::CouponCode, id::Id, shop::ShopId},
    error::{Error, FieldErrors},
};

/// What is said of a code that is there already, of the same customer and coupon: nothing is wrong, and nothing is to be done.
pub const THERE_ALREADY: &str = "This code is there already.";

/// How the coupon of a code is named.
#[derive(Debug, Clone)]
pub enum CouponName {
    /// By its id.
    Id(Id),
    /// By its prefix.
    Prefix(String),
}

/// A code that is to be moved in: what is good of it, and the errors of the rest.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Whose it is.
    pub customer_id: Option<Id>,
    /// Of which coupon.
    pub coupon: Option<CouponName>,
    /// Its text.
    pub code: Option<String>,
    /// When it was used, if it was.
    pub used_at: Option<DateTime<Utc>>,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// Plans a code with a given text; where it is there already, and was used elsewhere and not here, its use.
///
/// # Errors
/// [`Error::Invalid`] for what cannot be right, [`THERE_ALREADY`] under `code` too; [`Error::Conflict`] where a quota or a
/// limit forbids it. A code may be used after its rule has ended: it was, elsewhere.
pub async fn plan(
    store: &Store,
    shop: &ShopId,
    draft: &Draft,
    now: DateTime<Utc>,
) -> Result<(Transaction, (CouponCode, Nested)), Error> {
    let coupon = async {
        match &draft.coupon {
            Some(CouponName::Prefix(prefix)) => Ok(coupons::by_prefix(store, shop, prefix).await?.map(|(id, _)| id)),
            Some(CouponName::Id(id)) => Ok(Some(*id)),
            None => Ok(None),
        }
    };
    let holder = async {
        match &draft.code {
            Some(text) => coupon_codes::holder_of_text(store, shop, text).await,
            None => Ok(None),
        }
    };
    let (coupon_id, holder) = try_join(coupon, holder).await?;
    let mut errors = match (&draft.coupon, coupon_id) {
        (Some(CouponName::Prefix(_)), None) => {
            FieldErrors::field("code_prefix", "There is no coupon with this prefix.")
        }
        _ => FieldErrors::NONE,
    };
    if let Some(holder) = holder {
        let same = same(store, shop, holder, draft, coupon_id).await?;
        if let (Some(there), Some(used_at)) = (&same, draft.used_at)
            && there.code.used_at.is_none()
            && draft.errors.is_empty()
        {
            return changes::use_elsewhere(store, shop, there, used_at).await;
        }
        let taken = if same.is_some() { THERE_ALREADY } else { "Another code has this text, or had it once." };
        // What is wrong beside a code that is there can be mended, and then it is passed over.
        if same.is_none() || draft.errors.is_empty() {
            errors = errors.and(FieldErrors::field("code", taken));
        }
    }
    let errors = errors.and(draft.errors.clone());
    let pair = Pair { customer_id: draft.customer_id, coupon_id, errors };
    let prepared = match issue::prepare(store, shop, &[pair]).await {
        Err(Error::Invalid(FieldErrors::Items(mut items))) if items.len() == 1 => {
            return Err(Error::Invalid(items.remove(0)));
        }
        prepared => prepared?,
    };
    let text = draft.code.clone().ok_or_else(|| Error::Internal("a code without a text".to_owned()))?;
    write(store, shop, prepared, (text, draft.used_at), now).await
}

/// The code that has a text, where it is the one of the draft. One that had the text once is not.
async fn same(
    store: &Store,
    shop: &ShopId,
    holder: Id,
    draft: &Draft,
    coupon: Option<Id>,
) -> Result<Option<Row>, Error> {
    let row = match coupon_codes::get(store, shop, holder).await {
        Ok(row) => row,
        Err(Error::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let code = &row.code;
    let is_same = Some(&code.code) == draft.code.as_ref()
        && Some(code.customer_id) == draft.customer_id
        && Some(code.coupon_id) == coupon;
    Ok(is_same.then_some(row))
}

/// Plans the one code that was prepared.
async fn write(
    store: &Store,
    shop: &ShopId,
    mut prepared: Prepared,
    (text, used_at): (String, Option<DateTime<Utc>>),
    now: DateTime<Utc>,
) -> Result<(Transaction, (CouponCode, Nested)), Error> {
    let draft = prepared.drafts.first().ok_or(Error::NotFound)?;
    let (shards, parts) = prepared.places.remove(&draft.coupon_id).ok_or(Error::NotFound)?;
    let (mut code, nested) = (draft.with_text(text, now), prepared.nested);
    let mut transaction = Transaction::default();
    let mut change = Change::from(parts);
    if used_at.is_some() {
        let rule = nested.rules.get(&code.price_rule_id).ok_or(Error::NotFound)?;
        let taken = Taken::before_use(store, shop, code.customer_id, &BTreeSet::from([rule.id])).await?;
        uses::take(&mut transaction, store, shop, (code.customer_id, &taken), &[(rule, 1)]).await?;
        code.used_at = used_at;
        uses::keep(&mut transaction, shop, &code, nested.rule_version(rule.id)?)?;
        change.used = 1;
    }
    shards.write(&mut transaction, shop, &change);
    coupon_codes::insert(&mut transaction, shop, &code, shards.lapsed)?;
    Ok((transaction, (code, nested)))
}
