//! The end of an issue that is a batch. The request that began it comes here, or the same request sent again.

use chrono::{DateTime, Utc};
use lambda_http::http::StatusCode;
use shared::{
    Error,
    domain::{coupon_code::CouponCode, shop::Shop},
    http::envelope::{self, Envelope},
    shop::discounts::codes::{self, rows::Nested},
    store::{batches::Batch, client::Store, idempotency::Reply},
    wire::coupon_code::CodeReply,
};

/// Finishes an issue and stores its reply, which shows the codes as they are `now`.
///
/// # Errors
/// The errors of [`codes::issue::carry_on`].
pub async fn finish(store: &Store, shop: &Shop, mut batch: Batch, now: DateTime<Utc>) -> Result<Reply, Error> {
    let codes = codes::issue::carry_on(store, &mut batch).await?;
    let nested = codes::rows::nested(store, &shop.id, codes.iter(), &[]).await?;
    let reply = reply(&codes, &nested, shop, now)?;
    batch.finish(store, &reply).await?;
    Ok(reply)
}

/// Returns the reply to an issue.
pub(crate) fn reply(codes: &[CouponCode], nested: &Nested, shop: &Shop, now: DateTime<Utc>) -> Result<Reply, Error> {
    let rows = codes.iter().filter_map(|code| CodeReply::new(code, nested, shop.zone, now)).collect();
    envelope::reply(StatusCode::CREATED, &Envelope::of_created(rows))
}
