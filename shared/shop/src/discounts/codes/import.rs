//! Import of codes from another system (docs/api/coupon-codes.md). A code keeps the text that it has there, and is used
//! if it was used there. One code is one transaction, with its quota place and, for a used code, with its use under the
//! limits.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use futures_util::future::try_join;

use crate::discounts::{
    codes::{
        changes,
        issue::{self, Pair, Prepared},
        rows::{self, Nested, Row},
        uses::{self, CountedUses},
    },
    counters::Change,
    coupons,
};
use domain::{
    coupon_code::CouponCode,
    error::{Error, FieldErrors},
    id::Id,
    shop::ShopId,
};
use store::{client::Store, transaction::Transaction};

/// Error text for a code that exists already with the same customer and coupon. The row is right, and nothing is to be
/// done.
pub const THERE_ALREADY: &str = "This code is there already.";

/// Reference to the coupon of a code.
#[derive(Debug, Clone)]
pub enum CouponName {
    /// Id of the coupon.
    Id(Id),
    /// Prefix of the coupon.
    Prefix(String),
}

/// Input of the import of one code: the valid fields, and the errors of the others.
#[derive(Debug, Clone)]
pub struct ImportedCode {
    /// Customer who owns the code.
    pub customer_id: Option<Id>,
    /// Coupon of the code.
    pub coupon: Option<CouponName>,
    /// Text of the code.
    pub code: Option<String>,
    /// Instant of the use; `None` for an unused code.
    pub used_at: Option<DateTime<Utc>>,
    /// Errors of the invalid fields.
    pub errors: FieldErrors,
}

/// Plans a code with a given text. If the code exists already and only the other system has used it, the use is
/// planned. A code may be used after its rule has ended, because it was used in the other system.
///
/// # Errors
/// [`Error::Invalid`] for fields that cannot be right, and with [`THERE_ALREADY`] under `code` for a code that exists.
/// [`Error::Conflict`] if a quota or a limit forbids the code.
pub async fn plan(
    store: &Store,
    shop: &ShopId,
    draft: &ImportedCode,
    now: DateTime<Utc>,
) -> Result<(Transaction, (CouponCode, Nested)), Error> {
    let coupon = async {
        match &draft.coupon {
            Some(CouponName::Prefix(prefix)) => {
                Ok(coupons::rows::by_prefix(store, shop, prefix).await?.map(|(id, _)| id))
            }
            Some(CouponName::Id(id)) => Ok(Some(*id)),
            None => Ok(None),
        }
    };
    let holder = async {
        match &draft.code {
            Some(text) => rows::holder_of_text(store, shop, text).await,
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
        // The other errors of a code that exists can be corrected, and the row is skipped then.
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
    let text = draft.code.clone().ok_or_else(|| Error::Internal("an imported code has no text".to_owned()))?;
    write(store, shop, prepared, (text, draft.used_at), now).await
}

/// Reads the code that holds a text, if it is the code of the draft. Returns `None` if it had the text only earlier.
async fn same(
    store: &Store,
    shop: &ShopId,
    holder: Id,
    draft: &ImportedCode,
    coupon: Option<Id>,
) -> Result<Option<Row>, Error> {
    let row = match rows::get(store, shop, holder).await {
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
        let taken = CountedUses::before_use(store, shop, code.customer_id, &BTreeSet::from([rule.id])).await?;
        uses::take(&mut transaction, store, shop, (code.customer_id, &taken), &[(rule, 1)]).await?;
        code.used_at = used_at;
        uses::keep(&mut transaction, shop, &code, nested.rule_version(rule.id)?)?;
        change.used = 1;
    }
    shards.write(&mut transaction, shop, &change);
    rows::insert(&mut transaction, shop, &code, shards.lapsed)?;
    Ok((transaction, (code, nested)))
}
