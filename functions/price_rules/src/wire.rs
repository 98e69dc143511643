//! Price rules as they are sent. Coupons bring one along, so this is public.

use chrono_tz::Tz;
use serde_json::Value;
use shared::{
    domain::{
        money::Hundredths,
        price_rule::{
            AllocationMethod, MAX_ENTITLED, PriceRule, Ratio, TITLE_LENGTH, TargetSelection, TargetType, ValueType,
        },
    },
    error::FieldErrors,
    http::fields::{Checked, Fields, boolean, choice, decimal, instant, integer, list, own_id, positive_or_zero, text},
};
use utoipa::ToSchema;

/// The largest number of a field (`readings.md`).
const MOST: u32 = i32::MAX as u32;

/// A price rule as it is sent: `title`, `value` and `value_type` are needed; what else is omitted takes its default in a
/// new rule and stays as it is in an update; null clears what can be null.
#[derive(ToSchema)]
#[schema(as = PriceRuleInput)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub struct PriceRuleBody {
    /// Whether it may apply at all. True by default.
    is_enabled: Option<bool>,
    /// The larger applies first; may be negative. 0 by default.
    priority: Option<i32>,
    /// 1 to 255 characters.
    #[schema(max_length = 255, example = "test_price_rule_title")]
    title: String,
    /// Uses over all coupons and codes; 0, the default, is no limit.
    #[schema(maximum = 2147483647)]
    usage_limit: Option<u32>,
    /// At most one live use for each customer. False by default.
    once_per_customer: Option<bool>,
    /// `all` (the default) or `entitled`, which needs one of the entitled lists.
    target_selection: Option<String>,
    /// At most 250 ids and titles in the four lists together; with `all` they are null.
    entitled_product_ids: Option<Vec<u64>>,
    /// See above.
    entitled_collection_ids: Option<Vec<u64>>,
    /// See above.
    entitled_category_ids: Option<Vec<u64>>,
    /// See above.
    entitled_vendor_titles: Option<Vec<String>>,
    /// Active from here on; unbounded without.
    #[schema(format = DateTime, example = "2017-10-10T16:51:30+08:00")]
    starts_at: Option<String>,
    /// Active before; after `starts_at`.
    #[schema(format = DateTime, example = "2019-10-10T16:51:30+08:00")]
    ends_at: Option<String>,
    /// Whether carts get it without a code. False by default.
    automatic_discount: Option<bool>,
    /// `line_item` (the default) or `shipping_line`.
    target_type: Option<String>,
    /// `across` (the default) or `each`.
    allocation_method: Option<String>,
    /// Negative; with `percentage` at least -100.00.
    #[schema(example = "-10.00")]
    value: String,
    /// `percentage` or `fixed_amount`.
    #[schema(example = "fixed_amount")]
    value_type: String,
    /// Once for every full multiple of the subtotal. False by default.
    accumulate: Option<bool>,
    /// `{"greater_than_or_equal_to": units}`
    #[schema(value_type = Option<Object>)]
    prerequisite_quantity_range: Option<Value>,
    /// `{"less_than_or_equal_to": yuan}`
    #[schema(value_type = Option<Object>)]
    prerequisite_shipping_price_range: Option<Value>,
    /// `{"greater_than_or_equal_to": yuan}`
    #[schema(value_type = Option<Object>)]
    prerequisite_subtotal_range: Option<Value>,
    /// `{"prerequisite_quantity": units, "entitled_quantity": units}`
    #[schema(value_type = Option<Object>)]
    prerequisite_to_entitlement_quantity_ratio: Option<Value>,
    /// With a ratio, how often it may apply in a cart; else how many codes each coupon may issue. 0 is no limit.
    #[schema(maximum = 2147483647)]
    allocation_limit: Option<u32>,
}

/// A new rule before anything is said of it.
fn blank() -> PriceRule {
    PriceRule {
        id: 0,
        is_enabled: true,
        priority: 0,
        title: String::new(),
        usage_limit: 0,
        once_per_customer: false,
        target_selection: TargetSelection::All,
        entitled_product_ids: None,
        entitled_collection_ids: None,
        entitled_category_ids: None,
        entitled_vendor_titles: None,
        starts_at: None,
        ends_at: None,
        automatic_discount: false,
        target_type: TargetType::LineItem,
        allocation_method: AllocationMethod::Across,
        value: Hundredths(0),
        value_type: ValueType::FixedAmount,
        accumulate: false,
        prerequisite_quantity_range: None,
        prerequisite_shipping_price_range: None,
        prerequisite_subtotal_range: None,
        prerequisite_to_entitlement_quantity_ratio: None,
        allocation_limit: 0,
    }
}

/// The one bound of a range.
fn bound<T>(name: &'static str, check: impl Fn(&Value) -> Checked<T>) -> impl Fn(&Value) -> Checked<T> {
    move |value| {
        let mut fields = Fields::of(value)?;
        let bound = fields.required(name, &check);
        fields.build(|| bound)
    }
}

fn ratio(value: &Value) -> Checked<Ratio> {
    let mut fields = Fields::of(value)?;
    let prerequisite_quantity = fields.required("prerequisite_quantity", integer(1..=MOST));
    let entitled_quantity = fields.required("entitled_quantity", integer(1..=MOST));
    fields
        .build(|| Some(Ratio { prerequisite_quantity: prerequisite_quantity?, entitled_quantity: entitled_quantity? }))
}

/// Reads a rule from a body, new or over the one that is stored. The id is for the caller to set.
///
/// # Errors
/// Every field that is wrong by itself; where none is, every rule that the fields break together.
pub fn parse(body: &Value, stored: Option<PriceRule>, zone: Tz) -> Checked<PriceRule> {
    let mut fields = Fields::of(body)?;
    let mut rule = stored.unwrap_or_else(blank);
    fields.set("is_enabled", &mut rule.is_enabled, boolean);
    fields.set("priority", &mut rule.priority, integer(i32::MIN..=i32::MAX));
    fields.set_required("title", &mut rule.title, text(TITLE_LENGTH, false));
    fields.set("usage_limit", &mut rule.usage_limit, integer(0..=MOST));
    fields.set("once_per_customer", &mut rule.once_per_customer, boolean);
    fields.set("target_selection", &mut rule.target_selection, choice(TargetSelection::CHOICES));
    fields.clear_or_set("entitled_product_ids", &mut rule.entitled_product_ids, list(MAX_ENTITLED, own_id));
    fields.clear_or_set("entitled_collection_ids", &mut rule.entitled_collection_ids, list(MAX_ENTITLED, own_id));
    fields.clear_or_set("entitled_category_ids", &mut rule.entitled_category_ids, list(MAX_ENTITLED, own_id));
    let titles = list(MAX_ENTITLED, text(TITLE_LENGTH, false));
    fields.clear_or_set("entitled_vendor_titles", &mut rule.entitled_vendor_titles, titles);
    fields.clear_or_set("starts_at", &mut rule.starts_at, instant(zone));
    fields.clear_or_set("ends_at", &mut rule.ends_at, instant(zone));
    fields.set("automatic_discount", &mut rule.automatic_discount, boolean);
    fields.set("target_type", &mut rule.target_type, choice(TargetType::CHOICES));
    fields.set("allocation_method", &mut rule.allocation_method, choice(AllocationMethod::CHOICES));
    fields.set_required("value", &mut rule.value, decimal);
    fields.set_required("value_type", &mut rule.value_type, choice(ValueType::CHOICES));
    fields.set("accumulate", &mut rule.accumulate, boolean);
    let at_least = "greater_than_or_equal_to";
    let units = bound(at_least, integer(0..=MOST));
    fields.clear_or_set("prerequisite_quantity_range", &mut rule.prerequisite_quantity_range, units);
    let shipping = bound("less_than_or_equal_to", positive_or_zero);
    fields.clear_or_set("prerequisite_shipping_price_range", &mut rule.prerequisite_shipping_price_range, shipping);
    let subtotal = bound(at_least, positive_or_zero);
    fields.clear_or_set("prerequisite_subtotal_range", &mut rule.prerequisite_subtotal_range, subtotal);
    let ratio_field = "prerequisite_to_entitlement_quantity_ratio";
    fields.clear_or_set(ratio_field, &mut rule.prerequisite_to_entitlement_quantity_ratio, ratio);
    fields.set("allocation_limit", &mut rule.allocation_limit, integer(0..=MOST));
    let rule = fields.build(|| Some(rule))?.normalized();
    let breaches = rule.breaches();
    if breaches.is_empty() {
        return Ok(rule);
    }
    let errors = breaches.into_iter().map(|(field, message)| FieldErrors::field(field, message));
    Err(errors.fold(FieldErrors::NONE, FieldErrors::and))
}
