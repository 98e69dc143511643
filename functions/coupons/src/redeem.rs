//! The claim of a code with the passphrase. The reply is the code, as `coupon_codes` shows it.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde_json::Value;
use shared::{
    App, Error, ErrorReply,
    domain::id::Id,
    http::{
        access::{Discounts, Write},
        change::{Change, IdempotencyKey},
        fields::{Checked, Fields, relation},
        replies::{ChangeErrors, RowErrors},
    },
    shop::discounts::coupons::{self, claims::Asked},
    wire::coupon_code::CodeReply,
};
use utoipa::ToSchema;

/// Who claims a code.
#[derive(ToSchema)]
#[schema(as = CouponRedeem)]
#[allow(dead_code, reason = "describes the body; `parse` reads it")]
struct RedeemBody {
    /// The customer who claims the code.
    #[schema(example = 123)]
    customer_id: Id,
}

fn parse(body: &Value) -> Checked<Id> {
    let mut fields = Fields::of(body)?;
    let customer_id = fields.required("customer_id", relation);
    fields.build(|| customer_id)
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
    request_body = RedeemBody,
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
        let customer_id = change.parsed(parse)?;
        let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
        let asked = Asked { prefix: prefix.clone(), customer_id, now: change.at, attempt };
        let (transaction, (code, nested)) = coupons::claims::claim(&app.store, caller.shop_id(), &asked).await?;
        let reply = CodeReply::new(&code, &nested, caller.shop.zone, change.at).ok_or(Error::NotFound)?;
        Ok((transaction, reply))
    };
    change.create(&app, &caller, plan).await
}
