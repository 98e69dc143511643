//! Price rules as they stand on the wire: by themselves, and nested in coupons.

use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    id::Id,
    money::Hundredths,
    price_rule::{AllocationMethod, PriceRule, Ratio, TargetSelection, TargetType, ValueType},
    timestamp,
};

/// At least so much.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AtLeast {
    /// Units, or yuan with two places.
    #[schema(example = "4")]
    greater_than_or_equal_to: String,
}

/// At the most so much.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AtMost {
    /// Yuan with two places.
    #[schema(example = "10.00")]
    less_than_or_equal_to: String,
}

/// A price rule.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PriceRule)]
pub struct PriceRuleReply {
    /// Ours, increasing in order of creation.
    #[schema(example = 5527)]
    id: Id,
    /// Whether it may apply at all.
    is_enabled: bool,
    /// The larger applies first.
    priority: i32,
    /// The merchant's name for it.
    title: String,
    /// What a customer reads; computed.
    #[schema(example = "满4件打8折")]
    verbose_title: String,
    /// Uses over all coupons and codes; 0 is no limit.
    usage_limit: u32,
    /// At most one live use for each customer.
    once_per_customer: bool,
    /// `all` or `entitled`.
    #[schema(value_type = String, example = "entitled")]
    target_selection: TargetSelection,
    /// Products that it entitles.
    entitled_product_ids: Option<Vec<Id>>,
    /// Collections that it entitles.
    entitled_collection_ids: Option<Vec<Id>>,
    /// Categories that it entitles.
    entitled_category_ids: Option<Vec<Id>>,
    /// Vendors that it entitles.
    entitled_vendor_titles: Option<Vec<String>>,
    /// Active from here on.
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    /// Active before.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
    /// Whether carts get it without a code.
    automatic_discount: bool,
    /// `line_item` or `shipping_line`.
    #[schema(value_type = String, example = "line_item")]
    target_type: TargetType,
    /// `across` or `each`.
    #[schema(value_type = String, example = "across")]
    allocation_method: AllocationMethod,
    /// Negative, two places: percent or yuan.
    #[schema(example = "-20.00")]
    value: String,
    /// `percentage` or `fixed_amount`.
    #[schema(value_type = String, example = "percentage")]
    value_type: ValueType,
    /// Once for every full multiple of the subtotal.
    accumulate: bool,
    /// Units on the entitled lines.
    prerequisite_quantity_range: Option<AtLeast>,
    /// The shipping price.
    prerequisite_shipping_price_range: Option<AtMost>,
    /// Yuan on the entitled lines.
    prerequisite_subtotal_range: Option<AtLeast>,
    /// Buy so many, get so many.
    #[schema(value_type = Option<Object>)]
    prerequisite_to_entitlement_quantity_ratio: Option<Ratio>,
    /// With a ratio, how often it may apply in a cart; else how many codes each coupon may issue. 0 is no limit.
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
