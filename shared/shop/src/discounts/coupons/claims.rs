//! Claims: a customer takes one code of a coupon with the passphrase, once (docs/api/coupons.md).

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join3};

use crate::{
    crm::customers::CUSTOMERS,
    discounts::{
        codes::{
            self,
            issue::take_places,
            pending::PendingCode,
            rows::{CODES, Nested},
        },
        counters::{self, Change, Counter, Shards},
        coupons::{
            guesses,
            rows::{self, COUPONS},
        },
        rules,
    },
    keys,
};
use domain::{
    coupon::Coupon,
    coupon_code::CouponCode,
    error::{Error, FieldErrors},
    id::Id,
    price_rule::PriceRule,
    shop::ShopId,
};
use store::{
    client::Store,
    entity, sequence,
    transaction::{ABSENT, Transaction},
};

/// The record of a claim.
#[derive(Debug, serde::Serialize)]
struct Claim {
    code_id: Id,
    claimed_at: DateTime<Utc>,
}

/// Input of a claim.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// The passphrase, which is the coupon's prefix.
    pub prefix: String,
    /// The customer who claims the code.
    pub customer_id: Id,
    /// Instant of the request.
    pub now: DateTime<Utc>,
    /// Number of the plan within the request, from 1. A new plan tries another text, because the text of the one before
    /// may have been taken.
    pub attempt: u32,
}

/// Plans a claim.
///
/// # Errors
/// [`Error::Invalid`] for an unknown customer, whatever the passphrase is. [`Error::Throttled`] after too many wrong
/// passphrases. [`Error::NotFound`] for a wrong passphrase. [`Error::Conflict`] if the coupon cannot be claimed now,
/// has no codes left, or was claimed by this customer before.
pub async fn claim(
    store: &Store,
    shop: &ShopId,
    request: &ClaimRequest,
) -> Result<(Transaction, (CouponCode, Nested)), Error> {
    let few = guesses::check(store, shop, request.customer_id, request.now);
    let customer_key = CUSTOMERS.key(shop, request.customer_id);
    let by_prefix = rows::by_prefix(store, shop, &request.prefix);
    let ((), customer, found) = try_join3(few, store.get(&customer_key), by_prefix).await?;
    let Some(customer) = customer else {
        return Err(Error::Invalid(FieldErrors::missing("customer_id", request.customer_id)));
    };
    let mut nested = Nested::default();
    nested.add(customer)?;
    let planned = match found {
        Some(found) => plan(store, shop, request, found, nested).await,
        None => Err(Error::NotFound),
    };
    if let Err(Error::NotFound) = planned {
        guesses::missed(store, shop, request.customer_id, request.now).await?;
    }
    planned
}

/// Plans a claim of a coupon whose prefix was found. The coupon may have been deleted since.
async fn plan(
    store: &Store,
    shop: &ShopId,
    request: &ClaimRequest,
    (coupon_id, rule_id): (Id, Id),
    mut nested: Nested,
) -> Result<(Transaction, (CouponCode, Nested)), Error> {
    let claim_key = keys::claim(shop, coupon_id, request.customer_id);
    let shards = counters::read(store, shop, Counter::CodesOf(coupon_id));
    let rows = vec![COUPONS.key(shop, coupon_id), rules::rows::key(shop, rule_id), claim_key.clone()];
    let (shards, items) = try_join(shards, store.batch_get(rows)).await?;
    let mut claimed = false;
    for item in items {
        if entity::key(&item).is_some_and(|key| key == claim_key) {
            claimed = true;
        } else {
            nested.add(item)?;
        }
    }
    let coupon = nested.coupons.get(&coupon_id).and_then(|stored| stored.clone().live());
    let (Some(coupon), Some(rule)) = (coupon, nested.rules.get(&rule_id)) else { return Err(Error::NotFound) };
    claimable(&coupon, rule, request.now)?;
    if claimed {
        return Err(Error::conflict("The customer has claimed this coupon already."));
    }
    let taken = take_places(store, shop, shards, Some(rule), (coupon_id, 1)).await?;
    let Some((shards, parts)) = taken else { return Err(Error::NotFound) };
    // The id is reserved last, because a refused claim must not write: during a sale most claims are refused as sold
    // out.
    let id = sequence::next(store, shop, CODES.name).await?;
    let code = PendingCode::new(id, request.customer_id, &coupon).code(
        &shards,
        request.attempt,
        request.now,
        &mut HashSet::new(),
    );
    let code = CouponCode { claimed: true, ..code };
    let mut transaction = Transaction::default();
    write(&mut transaction, shop, &code, (&shards, Change { parts, claimed: 1, ..Change::default() }))?;
    let claim = Claim { code_id: id, claimed_at: request.now };
    transaction.put("claim", entity::item(&claim_key, "claim", &claim)?, Some(ABSENT), Vec::new());
    guesses::rely(&mut transaction, shop, request.customer_id, request.now);
    Ok((transaction, (code, nested)))
}

fn write(
    transaction: &mut Transaction,
    shop: &ShopId,
    code: &CouponCode,
    (shards, change): (&Shards, Change),
) -> Result<(), Error> {
    shards.write(transaction, shop, &change);
    codes::rows::insert(transaction, shop, code, shards.lapsed)
}

/// Checks that the coupon can be claimed now: claims are allowed, and its rule is enabled and inside its window.
fn claimable(coupon: &Coupon, rule: &PriceRule, now: DateTime<Utc>) -> Result<(), Error> {
    let reason = match () {
        () if !coupon.can_redeem => "This coupon cannot be claimed with its passphrase.",
        () if rule.has_ended(now) => "This coupon has expired.",
        () if !rule.is_enabled => "This coupon is not enabled.",
        () if !rule.has_started(now) => "This coupon cannot be claimed yet.",
        () => return Ok(()),
    };
    Err(Error::conflict(reason))
}
