//! What is sent to be priced. What is answered stands in [`shared::http::evaluation`].

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use shared::{
    FieldErrors,
    domain::{coupon_code::CODE_LENGTH, id::Id, price_rule::PriceRule},
    http::fields::{Checked, Fields, instant, list, objects, own_id, text},
    shop::discounts::checkout::evaluation::{Asked, MAX_CODES, MAX_DRAFTS},
    wire::cart::{self, LineBody, unique_ids},
};
use utoipa::ToSchema;

/// A cart that is to be priced.
#[derive(ToSchema)]
#[schema(as = EvaluationInput)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub(crate) struct EvaluateBody {
    /// The customer whose cart it is. Null, the default, is nobody: then a code is priced as its owner would see it.
    #[schema(example = 123)]
    customer_id: Option<Id>,
    /// The lines of the cart: at most 500.
    #[schema(max_items = 500)]
    lines: Vec<LineBody>,
    /// The price of the shipping in yuan, not below 0. 0 by default.
    #[schema(nullable = false, format = "decimal", default = "0.00", example = "12.00")]
    shipping_price: Option<String>,
    /// The texts of codes: at most 100. Null, the default, is none.
    #[schema(max_items = 100, example = json!(["jB7nNJPbf16adc"]))]
    codes: Option<Vec<String>>,
    /// At most 20 price rules as they would be, each with the fields of a new rule and an `id` of its own: that of a stored
    /// rule to stand in its place, or another. Nothing is stored. One that is not automatic counts as brought by a code.
    /// Null, the default, is none.
    #[schema(value_type = Option<Vec<Object>>, max_items = 20)]
    draft_price_rules: Option<Vec<Value>>,
    /// The moment whose windows count, past or future; the rules and their uses are as they are now. Null, the default, is
    /// now.
    #[schema(format = DateTime, example = "2019-05-25T12:00:00+08:00")]
    at: Option<String>,
}

/// Reads rules as they would be, each under an id of its own.
fn drafts(list: &Value, zone: Tz) -> Checked<Vec<PriceRule>> {
    let draft = |value: &Value| {
        let mut fields = Fields::of(value)?;
        let id = fields.required("id", own_id);
        let rule = price_rules::wire::parse(value, None, zone);
        match (id, rule) {
            (Some(id), Ok(rule)) => Ok(PriceRule { id, ..rule }),
            (_, rule) => Err(fields.errors().and(rule.err().unwrap_or(FieldErrors::NONE))),
        }
    };
    unique_ids(objects(list, MAX_DRAFTS, draft)?, |draft| draft.id, "Another rule has this id.")
}

/// Reads what is to be priced, now or at the moment that it names.
pub(crate) fn parse(body: &Value, zone: Tz, now: DateTime<Utc>) -> Checked<Asked> {
    let mut fields = Fields::of(body)?;
    let customer_id = fields.relation_or_none("customer_id");
    let cart = cart::take(&mut fields);
    let codes = fields.nullable("codes", list(MAX_CODES, text(CODE_LENGTH, false))).flatten().unwrap_or_default();
    let drafts = fields.nullable("draft_price_rules", |list| drafts(list, zone)).flatten().unwrap_or_default();
    let at = fields.nullable("at", instant(zone)).flatten().unwrap_or(now);
    fields.build(|| Some(Asked { customer_id, cart: cart?, codes, drafts, at, now }))
}
