//! A code that comes from another system, as an operator's command line sends it.

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use lambda_http::http::StatusCode;
use serde_json::Value;
use shared::{
    App, Error, ErrorReply, FieldErrors,
    domain::coupon_code::CODE_LENGTH,
    http::{
        access::{Discounts, Write},
        change::Change,
        envelope,
        fields::{Checked, Fields, choice, instant, relation, text},
    },
    shop::discounts::codes::import::{self, CouponName, Draft},
    wire::coupon_code::CodeReply,
};

/// What a code can be elsewhere; an expired one is not used, and whether it has expired is for its rule to say here.
const STATUSES: &[(&str, bool)] = &[("unused", false), ("used", true), ("expired", false)];

/// Whether a status says that a code was used. People write it into files by hand: what else it can be is said.
fn was_used(status: &Value) -> Checked<bool> {
    choice(STATUSES)(status).map_err(|error| {
        let choices = STATUSES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        error.and(FieldErrors::message(format!("Choices: {choices}.")))
    })
}

/// Reads a code; its errors stand in the draft, since whether its customer and coupon exist is for the store to say.
fn parse(body: &Value, zone: Tz, now: DateTime<Utc>) -> Draft {
    let none = |errors| Draft { customer_id: None, coupon: None, code: None, used_at: None, errors };
    let mut fields = match Fields::of(body) {
        Ok(fields) => fields,
        Err(errors) => return none(errors),
    };
    let customer_id = fields.required("customer_id", relation);
    let prefix = fields.optional("code_prefix", text(255, false)).map(CouponName::Prefix);
    // The ids of another shop's coupons lead elsewhere: where there is a prefix, it says which coupon is meant.
    let coupon = match body.get("code_prefix") {
        Some(_) => prefix,
        None => fields.required("coupon_id", relation).map(CouponName::Id),
    };
    let code = fields.required("code", text(CODE_LENGTH, false));
    let used = fields.optional("status", was_used).unwrap_or(false);
    let used_at = fields.nullable("used_at", instant(zone)).flatten();
    if used_at.is_some_and(|used_at| used_at > now) {
        fields.reject("used_at", "Ensure this instant is not in the future.");
    }
    Draft { customer_id, coupon, code, used_at: used.then(|| used_at.unwrap_or(now)), errors: fields.errors() }
}

/// Moves in one code. 201 with the code.
pub(crate) async fn import_one(
    Write(caller, ..): Write<Discounts>,
    State(app): State<App>,
    change: Change,
) -> Result<Response, ErrorReply> {
    let zone = caller.shop.zone;
    let plan = async || {
        let draft = parse(change.body()?, zone, change.at);
        let (transaction, (code, nested)) = import::plan(&app.store, caller.shop_id(), &draft, change.at).await?;
        let reply = CodeReply::new(&code, &nested, zone, change.at);
        let reply = reply.ok_or_else(|| Error::Invalid(FieldErrors::missing("coupon_id", code.coupon_id)))?;
        Ok((transaction, envelope::reply(StatusCode::CREATED, &reply)?))
    };
    change.once(&app, &caller, plan).await
}
