//! Coupons as they stand on the wire and as they are sent.

use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    FieldErrors, body,
    domain::{
        coupon::{Counts, Coupon, PREFIX_LENGTH},
        id::Id,
        money::Hundredths,
        price_rule::{PriceRule, TITLE_LENGTH},
        timestamp,
    },
    http::{
        body::Body as _,
        checked::Checked,
        fields::{nullable, optional, required},
        kinds::{Kind, boolean, nested, positive_or_zero, relation, text},
    },
    shop::discounts::coupons::rows::{Nested, NewCoupon, RuleOf},
    wire::{price_rule::PriceRuleReply, price_rule_input::PriceRuleInput},
};
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder},
};

/// A coupon (优惠券): a prefix under which codes of one price rule are given to customers.
#[derive(Serialize, ToSchema)]
#[schema(as = Coupon)]
pub(crate) struct CouponReply {
    /// The id of the coupon, increasing in order of creation.
    #[schema(example = 3077)]
    id: Id,
    /// The text with which its codes begin, and the passphrase with which customers claim them.
    #[schema(max_length = 32, example = "JxxxxY")]
    code_prefix: String,
    /// True if customers may claim codes with the passphrase.
    can_redeem: bool,
    /// The time of creation.
    #[schema(format = DateTime, example = "2019-05-16T11:36:48.068390+08:00")]
    created_at: String,
    /// The number of its codes that are used.
    #[schema(example = 0)]
    used_count: u64,
    /// The number of codes that customers have claimed with the passphrase.
    #[schema(example = 0)]
    redeem_count: u64,
    /// The id of the price rule of its codes.
    #[schema(example = 5527)]
    price_rule_id: Id,
    /// The price rule of its codes.
    price_rule: PriceRuleReply,
    /// An empty object.
    #[schema(schema_with = empty_object)]
    legacy_fields: Map<String, Value>,
}

fn empty_object() -> Object {
    let told = "An empty object.";
    ObjectBuilder::new().description(Some(told)).max_properties(Some(0)).build()
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
            redeem_count: counts.claimed,
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

body! {
    /// A coupon as it is sent. `code_prefix` is needed, and exactly one of `price_rule` and `price_rule_id`.
    pub(crate) struct CouponInput {
        /// The text with which its codes begin, and the passphrase: 1 to 32 of letters, digits, `-` and `_`; letter
        /// case counts; unique in the shop.
        #[example("aaaaxxxx")]
        code_prefix: String = required(prefix()),
        /// True if customers may claim codes with the passphrase.
        #[default(true)]
        can_redeem: bool = optional(boolean()),
        /// The title of its codes: at most 255 characters. Blank and null, the default, take the title of the rule.
        #[example("test_title")]
        title: Option<String> = nullable(text(0..=TITLE_LENGTH)),
        /// Yuan, not below 0. Above 0 it stands for a missing `prerequisite_subtotal_range` of the new rule. Null, the
        /// default, and 0 ask for nothing.
        #[example("0.00")]
        minimum_amount: Option<Hundredths> = nullable(positive_or_zero()),
        /// A price rule that is created with the coupon.
        price_rule: Option<PriceRule> = nullable(nested::<PriceRuleInput>().then(not_automatic)),
        /// A price rule that is there. It cannot be an automatic discount.
        price_rule_id: Option<Id> = nullable(relation()),
    }
}

fn prefix() -> impl Kind<Value = String> {
    text(1..=PREFIX_LENGTH).like("^[-a-zA-Z0-9_]+$").then(|prefix| {
        let message = "Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens.";
        if Coupon::is_prefix(&prefix) { Ok(prefix) } else { Err(FieldErrors::message(message)) }
    })
}

fn not_automatic(rule: PriceRule) -> Checked<PriceRule> {
    if rule.automatic_discount {
        return Err(FieldErrors::field("automatic_discount", "An automatic discount cannot be a coupon's."));
    }
    Ok(rule)
}

/// Returns the prefix and the rule that a body names, as far as it names any.
pub(crate) fn references(body: &Value) -> (Option<String>, Option<Id>) {
    let named = |name: &str| body.get(name).unwrap_or(&Value::Null);
    let prefix = prefix().read(named("code_prefix"), Tz::UTC).ok();
    (prefix, relation().read(named("price_rule_id"), Tz::UTC).ok())
}

/// Reads a coupon from a body.
///
/// # Errors
/// Every error of the body.
pub fn parse(body: &Value, zone: Tz) -> Checked<NewCoupon> {
    let (coupon, mut fields) = CouponInput::read(body, zone)?;
    let minimum_amount = coupon.minimum_amount.filter(|amount| amount.0 > 0);
    let given = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
    let refers = given("price_rule_id") && body["price_rule_id"] != "";
    match (given("price_rule"), refers) {
        (false, false) => fields.reject("price_rule", "This field is required."),
        (true, true) => fields.reject("price_rule_id", "Send price_rule or price_rule_id, not both."),
        _ => {}
    }
    let rule = match (coupon.price_rule, coupon.price_rule_id) {
        (Some(mut rule), _) => {
            if let (Some(amount), None) = (minimum_amount, rule.prerequisite_subtotal_range) {
                rule.prerequisite_subtotal_range = Some(amount);
                for (_, message) in rule.breaches() {
                    fields.reject("minimum_amount", message);
                }
            }
            RuleOf::New(Box::new(rule))
        }
        (None, Some(id)) => RuleOf::Existing { id, minimum_amount: minimum_amount.is_some() },
        // The field that is wrong is among the errors.
        (None, None) => return Err(fields.errors()),
    };
    let title = coupon.title.filter(|title| !title.is_empty());
    fields.finish(NewCoupon { code_prefix: coupon.code_prefix, can_redeem: coupon.can_redeem, title, rule })
}
