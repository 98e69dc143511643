//! Coupons as they stand on the wire and as they are sent.

use chrono_tz::Tz;
use price_rules::wire::PriceRuleBody;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    FieldErrors,
    domain::{
        coupon::{Counts, Coupon, PREFIX_LENGTH},
        id::Id,
        price_rule::{PriceRule, TITLE_LENGTH},
        timestamp,
    },
    http::fields::{Checked, Fields, boolean, positive_or_zero, relation, text},
    shop::discounts::coupons::rows::{Draft, Nested, RuleOf},
    wire::price_rule::PriceRuleReply,
};
use utoipa::ToSchema;

/// A coupon (优惠券): a prefix under which codes of one price rule are given to customers.
#[derive(Serialize, ToSchema)]
#[schema(as = Coupon)]
pub(crate) struct CouponReply {
    /// The id of the coupon, increasing in order of creation.
    #[schema(example = 3077)]
    id: Id,
    /// What its codes begin with, and the passphrase by which customers claim them.
    #[schema(max_length = 32, example = "JxxxxY")]
    code_prefix: String,
    /// Whether customers may claim codes with the passphrase.
    can_redeem: bool,
    /// When the coupon was created.
    #[schema(format = DateTime, example = "2019-05-16T11:36:48.068390+08:00")]
    created_at: String,
    /// How many of its codes are used.
    #[schema(example = 0)]
    used_count: u64,
    /// How many codes customers have claimed with the passphrase.
    #[schema(example = 0)]
    redeem_count: u64,
    /// The id of the price rule of its codes.
    #[schema(example = 5527)]
    price_rule_id: Id,
    /// The price rule of its codes.
    price_rule: PriceRuleReply,
    /// Always empty.
    #[schema(value_type = Object, example = json!({}))]
    legacy_fields: Map<String, Value>,
}

impl CouponReply {
    /// The coupon with its rule and what its codes say.
    pub(crate) fn new(coupon: &Coupon, rule: &PriceRule, counts: Counts, zone: Tz) -> Self {
        Self {
            id: coupon.id,
            code_prefix: coupon.code_prefix.clone(),
            can_redeem: coupon.can_redeem,
            created_at: timestamp::render(coupon.created_at, zone),
            used_count: counts.used,
            redeem_count: counts.redeemed,
            price_rule_id: coupon.price_rule_id,
            price_rule: PriceRuleReply::new(rule, zone),
            legacy_fields: Map::new(),
        }
    }

    /// The coupon with what was read of it; `None` where it is gone, and its rule with it.
    pub(crate) fn of(coupon: &Coupon, nested: &Nested, zone: Tz) -> Option<Self> {
        let rule = nested.rules.get(&coupon.price_rule_id)?;
        Some(Self::new(coupon, rule, nested.counts.get(&coupon.id).copied().unwrap_or_default(), zone))
    }
}

/// A coupon as it is sent. `code_prefix` is needed, and exactly one of `price_rule` and `price_rule_id`.
#[derive(ToSchema)]
#[schema(as = CouponInput)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub(crate) struct CouponBody {
    /// What its codes begin with, and the passphrase: 1 to 32 of letters, digits, `-` and `_`; letter case counts; unique in
    /// the shop.
    #[schema(min_length = 1, max_length = 32, pattern = "^[-a-zA-Z0-9_]+$", example = "aaaaxxxx")]
    code_prefix: String,
    /// Whether customers may claim codes with the passphrase. True by default.
    #[schema(nullable = false, default = true)]
    can_redeem: Option<bool>,
    /// What its codes are called: at most 255 characters. Blank and null, the default, take the title of the rule.
    #[schema(max_length = 255, example = "test_title")]
    title: Option<String>,
    /// Yuan, not below 0. Above 0 it stands for a missing `prerequisite_subtotal_range` of the new rule. Null, the default,
    /// and 0 ask for nothing.
    #[schema(format = "decimal", example = "0.00")]
    minimum_amount: Option<String>,
    /// A price rule that is created with the coupon.
    price_rule: Option<PriceRuleBody>,
    /// A price rule that is there. It cannot be an automatic discount.
    #[schema(example = 5527)]
    price_rule_id: Option<Id>,
}

fn prefix(value: &Value) -> Checked<String> {
    let prefix = text(PREFIX_LENGTH, false)(value)?;
    if Coupon::is_prefix(&prefix) {
        return Ok(prefix);
    }
    let message = "Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens.";
    Err(FieldErrors::message(message))
}

/// A rule that is made with a coupon.
fn new_rule(value: &Value, zone: Tz) -> Checked<PriceRule> {
    let rule = price_rules::wire::parse(value, None, zone)?;
    if rule.automatic_discount {
        return Err(FieldErrors::field("automatic_discount", "An automatic discount cannot be a coupon's."));
    }
    Ok(rule)
}

/// The prefix and the rule that a body names, as far as it names any.
pub(crate) fn references(body: &Value) -> (Option<String>, Option<Id>) {
    let named = |name: &str| body.get(name).unwrap_or(&Value::Null);
    (prefix(named("code_prefix")).ok(), relation(named("price_rule_id")).ok())
}

/// Reads a coupon from a body.
pub fn parse(body: &Value, zone: Tz) -> Checked<Draft> {
    let mut fields = Fields::of(body)?;
    let code_prefix = fields.required("code_prefix", prefix);
    let mut can_redeem = true;
    fields.set("can_redeem", &mut can_redeem, boolean);
    let title = fields.nullable("title", text(TITLE_LENGTH, true)).flatten().filter(|title| !title.is_empty());
    let minimum_amount = fields.nullable("minimum_amount", positive_or_zero).flatten().filter(|amount| amount.0 > 0);
    let rule = fields.nullable("price_rule", |value| new_rule(value, zone)).flatten();
    let rule_id = fields.relation_or_none("price_rule_id");
    let given = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
    let refers = given("price_rule_id") && body["price_rule_id"] != "";
    match (given("price_rule"), refers) {
        (false, false) => fields.reject("price_rule", "This field is required."),
        (true, true) => fields.reject("price_rule_id", "Send price_rule or price_rule_id, not both."),
        _ => {}
    }
    let rule = match (rule, rule_id) {
        (Some(mut rule), _) => {
            if let (Some(amount), None) = (minimum_amount, rule.prerequisite_subtotal_range) {
                rule.prerequisite_subtotal_range = Some(amount);
                for (_, message) in rule.breaches() {
                    fields.reject("minimum_amount", message);
                }
            }
            Some(RuleOf::New(Box::new(rule)))
        }
        (None, Some(id)) => Some(RuleOf::Existing { id, minimum_amount: minimum_amount.is_some() }),
        (None, None) => None,
    };
    fields.build(|| Some(Draft { code_prefix: code_prefix?, can_redeem, title, rule: rule? }))
}
