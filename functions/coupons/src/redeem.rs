//! The claim of a code with the passphrase. The reply is the code, as `coupon_codes` shows it.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::{
    extract::{Path, State},
    response::Response,
};
use shared::{
    App, Error, ErrorReply, body,
    domain::id::Id,
    http::{
        access::{Discounts, Write},
        body::Body as _,
        change::{Change, IdempotencyKey},
        fields::required,
        kinds::relation,
        replies::{ChangeErrors, RowErrors},
    },
    shop::discounts::coupons::{self, claims::ClaimRequest},
    wire::coupon_code::CodeReply,
};

body! {
    /// The customer who claims a code.
    struct CouponRedeem {
        /// The customer who claims the code.
        customer_id: Id = required(relation()),
    }
}

/// Claims a code of a coupon for a customer, with the passphrase.
///
/// The passphrase is the coupon's `code_prefix`; letter case counts. A customer claims one code of a coupon. A wrong
/// passphrase is a 404; 10 of them by a customer, or 300 in a shop, in ten minutes lead to a 429 until the ten minutes
/// end.
#[utoipa::path(
    post, path = "/api/discounts/coupon/{code_prefix}/redeem/", operation_id = "coupon_redeem", tag = "discounts",
    params(
        ("code_prefix" = String, Path, description = "The passphrase: the `code_prefix` of the coupon.", example = "jB7nNJPb"),
        IdempotencyKey,
    ),
    request_body = CouponRedeem,
    responses(
        (status = 201, body = CodeReply),
        ChangeErrors,
        RowErrors,
        (status = 404, description = "No coupon has this passphrase."),
        (status = 409, description = "The coupon cannot be claimed: claims are off, its rule is disabled or outside \
            its window, nothing of the quota is left, or the customer has claimed a code already."),
        (status = 429, description = "Too many wrong passphrases."),
    ),
)]
pub(crate) async fn redeem(
    Write(caller, ..): Write<Discounts>,
    State(app): State<App>,
    Path(prefix): Path<String>,
    change: Change,
) -> Result<Response, ErrorReply> {
    let attempts = AtomicU32::new(0);
    let plan = async || {
        let customer_id = change.parsed(|body| CouponRedeem::parse(body, caller.shop.zone))?.customer_id;
        let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
        let request = ClaimRequest { prefix: prefix.clone(), customer_id, now: change.at, attempt };
        let (transaction, (code, nested)) = coupons::claims::claim(&app.store, caller.shop_id(), &request).await?;
        let reply = CodeReply::new(&code, &nested, caller.shop.zone, change.at).ok_or(Error::NotFound)?;
        Ok((transaction, reply))
    };
    change.create(&app, &caller, plan).await
}
