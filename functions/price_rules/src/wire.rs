//! Price rules as they are sent. Coupons bring one along, so this is public.

use chrono_tz::Tz;
use serde_json::Value;
use shared::{
    FieldErrors,
    domain::{
        money::Hundredths,
        price_rule::{
            AllocationMethod, MAX_ENTITLED, PriceRule, Ratio, TITLE_LENGTH, TargetSelection, TargetType, ValueType,
        },
    },
    http::fields::{Checked, Fields, boolean, choice, decimal, instant, integer, list, own_id, positive_or_zero, text},
};
use utoipa::ToSchema;

/// The largest number of a field (`readings.md`).
const MOST: u32 = i32::MAX as u32;

/// A price rule as it is sent. `title`, `value` and `value_type` are needed. What else is omitted takes its default in a new
/// rule, and stays as it is in an update; null clears what may be null. `verbose_title` is computed and ignored here.
#[derive(ToSchema)]
#[schema(as = PriceRuleInput)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub struct PriceRuleBody {
    /// Whether the rule is available. True by default.
    #[schema(nullable = false, default = true)]
    is_enabled: Option<bool>,
    /// The larger applies first; may be negative. 0 by default.
    #[schema(nullable = false, minimum = -2147483648, maximum = 2147483647, default = 0, example = 0)]
    priority: Option<i32>,
    /// The title of the rule: 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255, example = "test_price_rule_title")]
    title: String,
    /// The most uses over all coupons and codes of the rule; 0, the default, is no limit. A limit that is set later counts
    /// the uses made before it.
    #[schema(nullable = false, maximum = 2147483647, default = 0, example = 0)]
    usage_limit: Option<u32>,
    /// Whether each customer may have at most one live use of the rule. False by default.
    #[schema(nullable = false, default = false)]
    once_per_customer: Option<bool>,
    /// Whether the rule is for `all` lines (the default) or the `entitled` ones, which needs a list that is not empty.
    #[schema(value_type = TargetSelection, required = false, default = "all")]
    target_selection: Option<String>,
    /// The products that the rule entitles; null, the default, names none. The four lists have at most 250 ids and titles
    /// together; with `target_selection` `all` they are set to null.
    #[schema(max_items = 250, example = json!(null))]
    entitled_product_ids: Option<Vec<u64>>,
    /// The collections that the rule entitles; null, the default, names none.
    #[schema(max_items = 250, example = json!(null))]
    entitled_collection_ids: Option<Vec<u64>>,
    /// The categories that the rule entitles; null, the default, names none.
    #[schema(max_items = 250, example = json!(null))]
    entitled_category_ids: Option<Vec<u64>>,
    /// The titles of the vendors that the rule entitles, each 1 to 255 characters; null, the default, names none.
    #[schema(max_items = 250, example = json!(null))]
    entitled_vendor_titles: Option<Vec<String>>,
    /// From when on the rule is active; null, the default, is unbounded.
    #[schema(format = DateTime, example = "2017-10-10T16:51:30+08:00")]
    starts_at: Option<String>,
    /// Until when the rule is active, this instant excluded; after `starts_at`. Null, the default, is unbounded.
    #[schema(format = DateTime, example = "2019-10-10T16:51:30+08:00")]
    ends_at: Option<String>,
    /// Whether a checkout gets the rule without a code. False by default. Only where this is false can a coupon have the
    /// rule.
    #[schema(nullable = false, default = false)]
    automatic_discount: Option<bool>,
    /// Whether the rule discounts the lines (the default) or the shipping. `shipping_line` takes only `percentage`, -100.00
    /// and `each`.
    #[schema(value_type = TargetType, required = false, default = "line_item")]
    target_type: Option<String>,
    /// Whether the discount is split `across` the lines (the default) or given to `each` of them, a fixed amount to
    /// each unit.
    #[schema(value_type = AllocationMethod, required = false, default = "across")]
    allocation_method: Option<String>,
    /// The discount, below 0 with at most two decimals: percent, at least -100.00, or yuan, as `value_type` says.
    #[schema(format = "decimal", example = "-10.00")]
    value: String,
    /// Whether `value` is percent or yuan.
    #[schema(value_type = ValueType, example = "fixed_amount")]
    value_type: String,
    /// Whether the discount counts once for every full multiple of the subtotal ("every 500, 100 off"). False by default.
    #[schema(nullable = false, default = false)]
    accumulate: Option<bool>,
    /// How many units the entitled lines must have; null, the default, asks for none.
    #[schema(value_type = Option<QuantityRange>)]
    prerequisite_quantity_range: Option<Value>,
    /// How high the shipping price may be; for rules on the shipping. Null, the default, is no bound.
    #[schema(value_type = Option<ShippingPriceRange>)]
    prerequisite_shipping_price_range: Option<Value>,
    /// What the entitled lines must cost, in yuan; null, the default, asks for nothing.
    #[schema(value_type = Option<SubtotalRange>)]
    prerequisite_subtotal_range: Option<Value>,
    /// Buy so many, get so many. Needs `percentage`, `line_item`, `entitled` and `each`, and none of the ranges. Null, the
    /// default, is no rule of this kind.
    #[schema(value_type = Option<Ratio>)]
    prerequisite_to_entitlement_quantity_ratio: Option<Value>,
    /// In a rule with a ratio, how often it may be allocated in one cart; in one without, how many codes of each of its
    /// coupons may be issued or claimed. 0, the default, is no limit.
    #[schema(nullable = false, maximum = 2147483647, default = 0, example = 0)]
    allocation_limit: Option<u32>,
}

/// The least number of units on the entitled lines.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes a range; `bound` reads it")]
struct QuantityRange {
    /// Units: 0 to 2147483647.
    #[schema(maximum = 2147483647, example = "4")]
    greater_than_or_equal_to: u32,
}

/// The least price of the entitled lines.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes a range; `bound` reads it")]
struct SubtotalRange {
    /// Yuan, not below 0.
    #[schema(format = "decimal", example = "100.00")]
    greater_than_or_equal_to: String,
}

/// The highest price of the shipping.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes a range; `bound` reads it")]
struct ShippingPriceRange {
    /// Yuan, not below 0.
    #[schema(format = "decimal", example = "10.00")]
    less_than_or_equal_to: String,
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
