//! Price rules: what is taken off, of what, and when.

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    Change, Client, Error, List, Nullable, Row,
    call::Call,
    operations::{PRICE_RULE_CREATE, PRICE_RULE_DELETE, PRICE_RULE_GET, PRICE_RULE_LIST, PRICE_RULE_UPDATE},
    wire::{bound, names},
};

names! {
    /// What a rule's value is.
    ValueType {
        /// Percent of the price.
        Percentage = "percentage",
        /// Yuan.
        FixedAmount = "fixed_amount",
    }
}

names! {
    /// Which lines of a cart a rule is for.
    TargetSelection {
        /// All of them.
        All = "all",
        /// Those that one of its four lists names.
        Entitled = "entitled",
    }
}

names! {
    /// What a rule takes off from.
    TargetType {
        /// The lines.
        LineItem = "line_item",
        /// The shipping: all of it.
        ShippingLine = "shipping_line",
    }
}

names! {
    /// How a rule's value is shared out.
    AllocationMethod {
        /// Over the lines together.
        Across = "across",
        /// To each line by itself; a fixed amount to each unit.
        Each = "each",
    }
}

bound! {
    /// At least so much.
    AtLeast, "greater_than_or_equal_to"
}

bound! {
    /// At the most so much.
    AtMost, "less_than_or_equal_to"
}

/// Buy so many, get so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// Units to buy.
    pub prerequisite_quantity: u32,
    /// Units that are discounted then.
    pub entitled_quantity: u32,
}

/// A price rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRule {
    /// The service's, increasing in order of creation.
    pub id: u64,
    /// Whether it may apply at all.
    pub is_enabled: bool,
    /// The larger applies first.
    pub priority: i32,
    /// The merchant's name for it.
    pub title: String,
    /// What a customer reads, such as `满4件打8折`; computed.
    pub verbose_title: String,
    /// Uses over all its coupons and codes; 0 is no limit.
    pub usage_limit: u32,
    /// At most one live use for each customer.
    pub once_per_customer: bool,
    /// Which lines it is for.
    pub target_selection: TargetSelection,
    /// Products that it entitles.
    pub entitled_product_ids: Option<Vec<u64>>,
    /// Collections that it entitles.
    pub entitled_collection_ids: Option<Vec<u64>>,
    /// Categories that it entitles.
    pub entitled_category_ids: Option<Vec<u64>>,
    /// Vendors that it entitles.
    pub entitled_vendor_titles: Option<Vec<String>>,
    /// Active from here on.
    pub starts_at: Option<DateTime<FixedOffset>>,
    /// Active before.
    pub ends_at: Option<DateTime<FixedOffset>>,
    /// Whether carts get it without a code.
    pub automatic_discount: bool,
    /// What it takes off from.
    pub target_type: TargetType,
    /// How its value is shared out.
    pub allocation_method: AllocationMethod,
    /// Negative: percent or yuan.
    pub value: Decimal,
    /// Which of them.
    pub value_type: ValueType,
    /// Once for every full multiple of the subtotal.
    pub accumulate: bool,
    /// Units on the entitled lines.
    pub prerequisite_quantity_range: Option<AtLeast>,
    /// The shipping price.
    pub prerequisite_shipping_price_range: Option<AtMost>,
    /// Yuan on the entitled lines.
    pub prerequisite_subtotal_range: Option<AtLeast>,
    /// Buy so many, get so many.
    pub prerequisite_to_entitlement_quantity_ratio: Option<Ratio>,
    /// With a ratio, how often it may apply in a cart; else how many codes each coupon may issue. 0 is no limit.
    pub allocation_limit: u32,
}

impl Row for PriceRule {
    fn id(&self) -> u64 {
        self.id
    }
}

/// A price rule as it is sent: what is left out takes its default in a new rule, and stays as it is in an update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PriceRuleInput {
    /// 1 to 255 characters.
    pub title: String,
    /// Negative: percent, at least -100, or yuan; two places at the most.
    pub value: Decimal,
    /// Which of them.
    pub value_type: ValueType,
    /// Whether it may apply at all; true without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_enabled: Option<bool>,
    /// The larger applies first; 0 without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// Uses over all its coupons and codes; 0, no limit, without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_limit: Option<u32>,
    /// At most one live use for each customer; false without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub once_per_customer: Option<bool>,
    /// Which lines it is for; all without. `Entitled` needs one of the lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_selection: Option<TargetSelection>,
    /// At most 250 ids and titles in the four lists together.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub entitled_product_ids: Nullable<Vec<u64>>,
    /// See above.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub entitled_collection_ids: Nullable<Vec<u64>>,
    /// See above.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub entitled_category_ids: Nullable<Vec<u64>>,
    /// See above.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub entitled_vendor_titles: Nullable<Vec<String>>,
    /// Active from here on.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub starts_at: Nullable<DateTime<FixedOffset>>,
    /// Active before; after `starts_at`.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub ends_at: Nullable<DateTime<FixedOffset>>,
    /// Whether carts get it without a code; false without. Then no coupon can have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automatic_discount: Option<bool>,
    /// What it takes off from; the lines without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_type: Option<TargetType>,
    /// How its value is shared out; across without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_method: Option<AllocationMethod>,
    /// Once for every full multiple of the subtotal; false without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accumulate: Option<bool>,
    /// Units on the entitled lines.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub prerequisite_quantity_range: Nullable<AtLeast>,
    /// The shipping price.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub prerequisite_shipping_price_range: Nullable<AtMost>,
    /// Yuan on the entitled lines.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub prerequisite_subtotal_range: Nullable<AtLeast>,
    /// Buy so many, get so many.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub prerequisite_to_entitlement_quantity_ratio: Nullable<Ratio>,
    /// With a ratio, how often it may apply in a cart; else how many codes each coupon may issue. 0 is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_limit: Option<u32>,
}

impl PriceRuleInput {
    fn new(title: impl Into<String>, value: Decimal, value_type: ValueType) -> Self {
        Self {
            title: title.into(),
            value,
            value_type,
            is_enabled: None,
            priority: None,
            usage_limit: None,
            once_per_customer: None,
            target_selection: None,
            entitled_product_ids: Nullable::Keep,
            entitled_collection_ids: Nullable::Keep,
            entitled_category_ids: Nullable::Keep,
            entitled_vendor_titles: Nullable::Keep,
            starts_at: Nullable::Keep,
            ends_at: Nullable::Keep,
            automatic_discount: None,
            target_type: None,
            allocation_method: None,
            accumulate: None,
            prerequisite_quantity_range: Nullable::Keep,
            prerequisite_shipping_price_range: Nullable::Keep,
            prerequisite_subtotal_range: Nullable::Keep,
            prerequisite_to_entitlement_quantity_ratio: Nullable::Keep,
            allocation_limit: None,
        }
    }

    /// A rule that takes so many yuan off: 10 is `-10` on the wire.
    pub fn amount_off(title: impl Into<String>, yuan: impl Into<Decimal>) -> Self {
        Self::new(title, -yuan.into(), ValueType::FixedAmount)
    }

    /// A rule that takes so many percent off, up to 100: 20 is `-20` on the wire.
    pub fn percent_off(title: impl Into<String>, percent: impl Into<Decimal>) -> Self {
        Self::new(title, -percent.into(), ValueType::Percentage)
    }

    /// A rule that takes the shipping off.
    pub fn free_shipping(title: impl Into<String>) -> Self {
        Self {
            target_type: Some(TargetType::ShippingLine),
            allocation_method: Some(AllocationMethod::Each),
            ..Self::percent_off(title, 100)
        }
    }
}

impl List<PriceRule> {
    /// Only this rule.
    pub fn id(self, id: u64) -> Self {
        self.set("id", id)
    }

    /// Only these, at most 100.
    pub fn id_in(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.set_any("id__in", ids)
    }

    /// Only those that carts get without a code, or only the others.
    pub fn automatic_discount(self, automatic: bool) -> Self {
        self.set("automatic_discount", automatic)
    }

    /// Only those with exactly this title.
    pub fn title(self, title: &str) -> Self {
        self.set("title", title)
    }

    /// Only those that start at exactly this instant.
    pub fn starts_at(self, instant: DateTime<FixedOffset>) -> Self {
        self.set("starts_at", instant.to_rfc3339())
    }

    /// Only those that end at exactly this instant.
    pub fn ends_at(self, instant: DateTime<FixedOffset>) -> Self {
        self.set("ends_at", instant.to_rfc3339())
    }
}

impl Client {
    /// The price rules, newest first.
    pub fn price_rule_list(&self) -> List<PriceRule> {
        List::new(self, PRICE_RULE_LIST)
    }

    /// Creates a price rule.
    pub fn price_rule_create(&self, rule: &PriceRuleInput) -> Change<PriceRule> {
        Change::new(self, Call::new(PRICE_RULE_CREATE, "").with(rule))
    }

    /// A price rule.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn price_rule_get(&self, id: u64) -> Result<PriceRule, Error> {
        self.read(Call::new(PRICE_RULE_GET, id)).await
    }

    /// Changes a price rule.
    pub fn price_rule_update(&self, id: u64, rule: &PriceRuleInput) -> Change<PriceRule> {
        Change::new(self, Call::new(PRICE_RULE_UPDATE, id).with(rule))
    }

    /// Deletes a price rule; one that a coupon uses is a [`Conflict`](Error::Conflict).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn price_rule_delete(&self, id: u64) -> Result<(), Error> {
        self.delete(PRICE_RULE_DELETE, id).await
    }
}
