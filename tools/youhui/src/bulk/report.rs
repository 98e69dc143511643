//! The report of codes: how many codes each coupon has, by status.

use futures_util::{StreamExt, TryStreamExt, future::try_join3, stream};
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::Value;
use shared::{domain::shop::ShopId, shop::discounts::coupons, store::client::Store};

use super::{
    BulkError,
    export::CODES,
    issue::{left_of, most_codes},
    shop_api::ShopApi,
};

/// The number of coupons that are counted at the same time.
const AT_ONCE: usize = 8;

/// The codes of one coupon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CouponCodes {
    /// The id of the coupon.
    pub coupon_id: u64,
    /// The prefix of the coupon.
    pub code_prefix: String,
    /// The title of its codes.
    pub title: String,
    /// The number of its codes, by status.
    #[serde(flatten)]
    pub codes: Counts,
    /// The number of codes that can still be issued or claimed; `None` without a limit.
    pub places_left: Option<u64>,
}

/// The number of codes, by status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All existing codes: the sum of `unused`, `used` and `expired`.
    pub issued: u64,
    /// Unused codes whose price rule has not ended.
    pub unused: u64,
    /// Codes that are used.
    pub used: u64,
    /// Unused codes whose price rule has ended.
    pub expired: u64,
    /// Codes that a customer claimed with the passphrase. They are also in the other numbers.
    pub claimed: u64,
}

/// The report of all coupons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodesReport {
    /// The coupons, sorted by id.
    pub coupons: Vec<CouponCodes>,
    /// The sums over all coupons.
    pub totals: Counts,
}

/// Counts the codes of every existing coupon. Each coupon takes three counts from the tallies, however many codes there
/// are.
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

/// Counts the codes of a coupon. `None` if the coupon was deleted after it was listed.
async fn of_coupon(api: &ShopApi, coupon: &Value) -> Result<Option<CouponCodes>, BulkError> {
    let id = coupon["id"].as_u64().unwrap_or_default();
    let count = async |status| api.count(CODES, &format!("coupon={id}&status={status}")).await;
    let (unused, used, expired) = try_join3(count("unused"), count("used"), count("expired")).await?;
    // The API shows the title of a coupon only in its codes.
    let stored = match coupons::rows::get(&api.store, &api.shop.id, id).await {
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
