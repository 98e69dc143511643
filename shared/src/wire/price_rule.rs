//! Price rules as they stand on the wire: by themselves, and nested in coupons.

use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use domain::{
    id::Id,
    money::Hundredths,
    price_rule::{AllocationMethod, PriceRule, Ratio, TargetSelection, TargetType, ValueType},
    timestamp,
};

/// A lower bound.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AtLeast {
    /// The least that satisfies it: units as a whole number, or yuan with two decimals.
    #[schema(example = "4")]
    greater_than_or_equal_to: String,
}

/// An upper bound.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AtMost {
    /// The most that satisfies it, in yuan.
    #[schema(format = "decimal", example = "10.00")]
    less_than_or_equal_to: String,
}

/// A price rule (价格规则): what is discounted, by how much, and when.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PriceRule)]
pub struct PriceRuleReply {
    /// The id of the rule, increasing in order of creation.
    #[schema(example = 5527)]
    id: Id,
    /// True if the rule is available.
    is_enabled: bool,
    /// The larger applies first; may be negative.
    #[schema(example = 0)]
    priority: i32,
    /// The title of the rule.
    #[schema(max_length = 255, example = "showroom61满4件8折")]
    title: String,
    /// The text that a customer reads, computed from the rule.
    #[schema(example = "满4件打8折")]
    verbose_title: String,
    /// The most uses over all coupons and codes of the rule; 0 is no limit.
    #[schema(maximum = 2147483647, example = 0)]
    usage_limit: u32,
    /// True if each customer may have at most one live use of the rule.
    once_per_customer: bool,
    /// The lines that the rule is for: `all`, or the `entitled` ones.
    target_selection: TargetSelection,
    /// The products that the rule entitles; null where none are named.
    #[schema(example = json!([1001, 1002]))]
    entitled_product_ids: Option<Vec<Id>>,
    /// The collections that the rule entitles; null where none are named.
    #[schema(example = json!(null))]
    entitled_collection_ids: Option<Vec<Id>>,
    /// The categories that the rule entitles; null where none are named.
    #[schema(example = json!(null))]
    entitled_category_ids: Option<Vec<Id>>,
    /// The titles of the vendors that the rule entitles; null where none are named.
    #[schema(example = json!(null))]
    entitled_vendor_titles: Option<Vec<String>>,
    /// The time from which the rule is active; null is unbounded.
    #[schema(format = DateTime, example = "2019-05-24T00:00:00+08:00")]
    starts_at: Option<String>,
    /// The time at which the rule ends: the rule is no longer active at this instant. Null is unbounded.
    #[schema(format = DateTime, example = "2019-06-02T00:00:00+08:00")]
    ends_at: Option<String>,
    /// True if a checkout gets the rule without a code. A coupon can have the rule only if this is false.
    automatic_discount: bool,
    /// The target of the discount: the lines or the shipping.
    target_type: TargetType,
    /// The allocation of the discount: split `across` the lines, or given to `each` of them, a fixed amount to each
    /// unit.
    allocation_method: AllocationMethod,
    /// The discount, negative: percent or yuan, as `value_type` says.
    #[schema(format = "decimal", example = "-20.00")]
    value: String,
    /// The unit of `value`: percent or yuan.
    value_type: ValueType,
    /// True if the discount counts once for every full multiple of the subtotal ("every 500, 100 off").
    accumulate: bool,
    /// The units that the entitled lines must have; null asks for none.
    prerequisite_quantity_range: Option<AtLeast>,
    /// The highest price of the shipping; null is no bound.
    prerequisite_shipping_price_range: Option<AtMost>,
    /// The price that the entitled lines must have, in yuan; null asks for nothing.
    prerequisite_subtotal_range: Option<AtLeast>,
    /// Buy so many, get so many; null where the rule is none of this kind.
    prerequisite_to_entitlement_quantity_ratio: Option<Ratio>,
    /// In a rule with a ratio, how often it may be allocated in one cart; in one without, how many codes of each of its
    /// coupons may be issued or claimed. 0 is no limit.
    #[schema(maximum = 2147483647, example = 0)]
    allocation_limit: u32,
}

impl PriceRuleReply {
    /// The rule with its times in `zone`.
    pub fn new(rule: &PriceRule, zone: Tz) -> Self {
        let at_least = |bound: String| AtLeast { greater_than_or_equal_to: bound };
        let amount = |amount: Hundredths| amount.to_string();
        Self {
            id: rule.id,
            is_enabled: rule.is_enabled,
            priority: rule.priority,
            title: rule.title.clone(),
            verbose_title: rule.verbose_title(),
            usage_limit: rule.usage_limit,
            once_per_customer: rule.once_per_customer,
            target_selection: rule.target_selection,
            entitled_product_ids: rule.entitled_product_ids.clone(),
            entitled_collection_ids: rule.entitled_collection_ids.clone(),
            entitled_category_ids: rule.entitled_category_ids.clone(),
            entitled_vendor_titles: rule.entitled_vendor_titles.clone(),
            starts_at: rule.starts_at.map(|instant| timestamp::render(instant, zone)),
            ends_at: rule.ends_at.map(|instant| timestamp::render(instant, zone)),
            automatic_discount: rule.automatic_discount,
            target_type: rule.target_type,
            allocation_method: rule.allocation_method,
            value: rule.value.to_string(),
            value_type: rule.value_type,
            accumulate: rule.accumulate,
            prerequisite_quantity_range: rule.prerequisite_quantity_range.map(|units| at_least(units.to_string())),
            prerequisite_shipping_price_range: rule
                .prerequisite_shipping_price_range
                .map(|price| AtMost { less_than_or_equal_to: price.to_string() }),
            prerequisite_subtotal_range: rule.prerequisite_subtotal_range.map(amount).map(at_least),
            prerequisite_to_entitlement_quantity_ratio: rule.prerequisite_to_entitlement_quantity_ratio,
            allocation_limit: rule.allocation_limit,
        }
    }
}
