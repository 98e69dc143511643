//! What became of the codes of a shop, coupon by coupon.

use futures_util::{StreamExt, TryStreamExt, future::try_join3, stream};
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::Value;
use shared::{
    domain::shop::ShopId,
    table::{coupons, store::Store},
};

use super::{
    BulkError,
    export::CODES,
    issue::{left_of, most_codes},
    shop_api::ShopApi,
};

/// How many coupons are counted at a time.
const AT_ONCE: usize = 8;

/// The codes of a coupon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CouponCodes {
    /// The coupon.
    pub coupon_id: u64,
    /// Its prefix.
    pub code_prefix: String,
    /// What its codes are called.
    pub title: String,
    /// How its codes stand.
    #[serde(flatten)]
    pub codes: Counts,
    /// How many more can be issued or claimed; `None` where nothing limits it.
    pub places_left: Option<u64>,
}

/// How many codes there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Those that are there: the sum of the next three.
    pub issued: u64,
    /// Not used, and the rule has not ended.
    pub unused: u64,
    /// Used.
    pub used: u64,
    /// Not used, and the rule has ended.
    pub expired: u64,
    /// Of all, those that a customer claimed with the passphrase.
    pub claimed: u64,
}

/// The report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodesReport {
    /// By id.
    pub coupons: Vec<CouponCodes>,
    /// Over all of them.
    pub totals: Counts,
}

/// Counts the codes of every coupon that is there: three counts each, from the tallies, however many codes there are.
///
/// # Errors
/// See [`BulkError`].
pub async fn codes(store: &Store, shop: &ShopId, bar: &ProgressBar) -> Result<CodesReport, BulkError> {
    let api = ShopApi::open(store, shop, bar).await?;
    let (mut report, mut last) = (CodesReport { coupons: Vec::new(), totals: Counts::default() }, 0);
    loop {
        let (left, page) = api.after("/api/discounts/coupon/", "", last).await?;
        bar.set_length(report.coupons.len() as u64 + left);
        let Some(id) = page.last().and_then(|coupon| coupon["id"].as_u64()) else { break };
        let counted = stream::iter(page).map(async |coupon| of_coupon(&api, &coupon).await).buffered(AT_ONCE);
        let counted: Vec<_> = counted.try_collect().await?;
        report.coupons.extend(counted.into_iter().flatten());
        bar.set_position(report.coupons.len() as u64);
        last = id;
    }
    for CouponCodes { codes, .. } in &report.coupons {
        let totals = &mut report.totals;
        totals.issued += codes.issued;
        totals.unused += codes.unused;
        totals.used += codes.used;
        totals.expired += codes.expired;
        totals.claimed += codes.claimed;
    }
    Ok(report)
}

/// A coupon, unless it was deleted since it was listed.
async fn of_coupon(api: &ShopApi, coupon: &Value) -> Result<Option<CouponCodes>, BulkError> {
    let id = coupon["id"].as_u64().unwrap_or_default();
    let count = async |status| api.count(CODES, &format!("coupon={id}&status={status}")).await;
    let (unused, used, expired) = try_join3(count("unused"), count("used"), count("expired")).await?;
    // The API shows the title of a coupon in its codes alone.
    let stored = match coupons::get(&api.store, &api.shop.id, id).await {
        Ok(stored) => stored,
        Err(shared::Error::NotFound) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let places_left = match most_codes(coupon) {
        Some(limit) => Some(left_of(api, id, limit).await?),
        None => None,
    };
    let rule_title = coupon["price_rule"]["title"].as_str().unwrap_or_default();
    Ok(Some(CouponCodes {
        coupon_id: id,
        code_prefix: stored.code_prefix,
        title: stored.title.unwrap_or_else(|| rule_title.to_owned()),
        codes: Counts {
            issued: unused + used + expired,
            unused,
            used,
            expired,
            claimed: coupon["redeem_count"].as_u64().unwrap_or_default(),
        },
        places_left,
    }))
}
