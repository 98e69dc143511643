//! The import of a code from another system, which an operator's command line calls.

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use shared::{
    App, Error, ErrorReply, FieldErrors,
    domain::coupon_code::CODE_LENGTH,
    http::{
        access::{Discounts, Write},
        change::Change,
        fields::{Checked, Fields, choice, instant, relation, text},
    },
    shop::discounts::codes::{
        import,
        import::{CouponName, Draft},
    },
    wire::coupon_code::CodeReply,
};

/// The statuses of a code in another system, and whether the code was used. Here its rule decides whether it has expired.
const STATUSES: &[(&str, bool)] = &[("unused", false), ("used", true), ("expired", false)];

/// Parses a status, and returns whether the code was used. An error lists the choices, because people write statuses by hand.
fn was_used(status: &Value) -> Checked<bool> {
    choice(STATUSES)(status).map_err(|error| {
        let choices = STATUSES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        error.and(FieldErrors::message(format!("Choices: {choices}.")))
    })
}

/// Parses a code. Its errors stand in the draft, because only the store knows whether its customer and coupon exist.
fn parse(body: &Value, zone: Tz, now: DateTime<Utc>) -> Draft {
    let none = |errors| Draft { customer_id: None, coupon: None, code: None, used_at: None, errors };
    let mut fields = match Fields::of(body) {
        Ok(fields) => fields,
        Err(errors) => return none(errors),
    };
    let customer_id = fields.required("customer_id", relation);
    let prefix = fields.optional("code_prefix", text(255, false)).map(CouponName::Prefix);
    // Ids of coupons differ from shop to shop: a prefix, if there is one, decides.
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

/// Imports one code, and answers 201 with it.
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
        Ok((transaction, reply))
    };
    change.create(&app, &caller, plan).await
}
