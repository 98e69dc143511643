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
        fields::{Fields, nullable, optional, required},
        kinds::{Kind as _, instant, names, relation, text},
    },
    shop::discounts::codes::import::{self, CouponName, ImportedCode},
    wire::coupon_code::CodeReply,
};

/// The statuses of a code elsewhere, and whether it was used. Here the price rule says whether a code has expired.
const STATUSES: &[(&str, bool)] = &[("unused", false), ("used", true), ("expired", false)];

/// Adds the choices, because people write a status into files by hand.
fn with_choices(_: &Value, error: FieldErrors) -> FieldErrors {
    let choices = STATUSES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    error.and(FieldErrors::message(format!("Choices: {choices}.")))
}

/// Reads a code; its errors stand in the draft, because the store has more to say about its customer and its coupon.
fn parse(body: &Value, zone: Tz, now: DateTime<Utc>) -> ImportedCode {
    let none = |errors| ImportedCode { customer_id: None, coupon: None, code: None, used_at: None, errors };
    let mut fields = match Fields::of(body, zone) {
        Ok(fields) => fields,
        Err(errors) => return none(errors),
    };
    let customer_id = fields.take("customer_id", &required(relation()));
    let prefix = fields.take("code_prefix", &optional(text(1..=255))).map(CouponName::Prefix);
    // The ids of another shop's coupons lead elsewhere: where there is a prefix, it says which coupon is meant.
    let coupon = match body.get("code_prefix") {
        Some(_) => prefix,
        None => fields.take("coupon_id", &required(relation())).map(CouponName::Id),
    };
    let code = fields.take("code", &required(text(1..=CODE_LENGTH)));
    let used = fields.take("status", &optional(names(STATUSES).explain(with_choices))).unwrap_or(false);
    let used_at = fields.take("used_at", &nullable(instant())).flatten();
    if used_at.is_some_and(|used_at| used_at > now) {
        fields.reject("used_at", "Ensure this instant is not in the future.");
    }
    ImportedCode { customer_id, coupon, code, used_at: used.then(|| used_at.unwrap_or(now)), errors: fields.errors() }
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
