//! Price rules: the discount, its target, and its conditions.

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
    /// The unit of a rule's value.
    ValueType {
        /// A percentage of the price.
        Percentage = "percentage",
        /// An amount in yuan.
        FixedAmount = "fixed_amount",
    }
}

names! {
    /// The lines of a cart to which a rule applies.
    TargetSelection {
        /// All lines of the cart.
        All = "all",
        /// The lines that one of the four `entitled_` lists names.
        Entitled = "entitled",
    }
}

names! {
    /// The price that a rule discounts.
    TargetType {
        /// The prices of the lines.
        LineItem = "line_item",
        /// The whole price of the shipping.
        ShippingLine = "shipping_line",
    }
}

names! {
    /// The distribution of a rule's value.
    AllocationMethod {
        /// Over all the lines together.
        Across = "across",
        /// To each line separately; a fixed amount to each unit.
        Each = "each",
    }
}

bound! {
    /// A lower bound, inclusive.
    AtLeast, "greater_than_or_equal_to"
}

bound! {
    /// An upper bound, inclusive.
    AtMost, "less_than_or_equal_to"
}

/// The quantities of a rule such as "buy 2, get 1".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// The number of units to buy.
    pub prerequisite_quantity: u32,
    /// The number of units that are discounted then.
    pub entitled_quantity: u32,
}

/// A price rule of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRule {
    /// The id, assigned by the service in order of creation.
    pub id: u64,
    /// False if the rule is switched off.
    pub is_enabled: bool,
    /// The priority. The rule with the largest one is applied first.
    pub priority: i32,
    /// The merchant's name for the rule.
    pub title: String,
    /// The description for the customer, such as `满4件打8折`, computed by the service.
    pub verbose_title: String,
    /// The most uses over all coupons and codes of the rule; 0 is no limit.
    pub usage_limit: u32,
    /// True if each customer can have at most one current use.
    pub once_per_customer: bool,
    /// The lines to which the rule applies.
    pub target_selection: TargetSelection,
    /// The ids of the products that it applies to.
    pub entitled_product_ids: Option<Vec<u64>>,
    /// The ids of the collections that it applies to.
    pub entitled_collection_ids: Option<Vec<u64>>,
    /// The ids of the categories that it applies to.
    pub entitled_category_ids: Option<Vec<u64>>,
    /// The names of the vendors that it applies to.
    pub entitled_vendor_titles: Option<Vec<String>>,
    /// The start of the time window, inclusive.
    pub starts_at: Option<DateTime<FixedOffset>>,
    /// The end of the time window, exclusive.
    pub ends_at: Option<DateTime<FixedOffset>>,
    /// True if the rule applies to carts without a code.
    pub automatic_discount: bool,
    /// The price that the rule discounts.
    pub target_type: TargetType,
    /// The distribution of the value.
    pub allocation_method: AllocationMethod,
    /// The discount as a negative number, in percent or yuan.
    pub value: Decimal,
    /// The unit of `value`.
    pub value_type: ValueType,
    /// True if the discount applies once for every full multiple of the subtotal prerequisite.
    pub accumulate: bool,
    /// The fewest units on the entitled lines.
    pub prerequisite_quantity_range: Option<AtLeast>,
    /// The highest shipping price.
    pub prerequisite_shipping_price_range: Option<AtMost>,
    /// The lowest subtotal of the entitled lines, in yuan.
    pub prerequisite_subtotal_range: Option<AtLeast>,
    /// The quantities of a rule such as "buy 2, get 1".
    pub prerequisite_to_entitlement_quantity_ratio: Option<Ratio>,
    /// With a ratio, the most applications in one cart. Without one, the most codes that each coupon may issue. 0 is no
    /// limit.
    pub allocation_limit: u32,
}

impl Row for PriceRule {
    fn id(&self) -> u64 {
        self.id
    }
}

/// The body to create or update a price rule. A field that is left out gets its default in a new rule, and does not
/// change in an update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PriceRuleInput {
    /// The merchant's name for the rule: 1 to 255 characters.
    pub title: String,
    /// The discount as a negative number, in yuan or in percent (at least -100), with at most two decimal places.
    pub value: Decimal,
    /// The unit of `value`.
    pub value_type: ValueType,
    /// Set to false to switch the rule off. The default is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_enabled: Option<bool>,
    /// The priority. The rule with the largest one is applied first. The default is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// The most uses over all coupons and codes of the rule. The default 0 is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_limit: Option<u32>,
    /// Set to allow each customer at most one current use. The default is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub once_per_customer: Option<bool>,
    /// The lines to which the rule applies. The default is all; `Entitled` needs one of the lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_selection: Option<TargetSelection>,
    /// The ids of the products that it applies to. The four lists together have at most 250 entries.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub entitled_product_ids: Nullable<Vec<u64>>,
    /// The ids of the collections that it applies to. See `entitled_product_ids`.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub entitled_collection_ids: Nullable<Vec<u64>>,
    /// The ids of the categories that it applies to. See `entitled_product_ids`.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub entitled_category_ids: Nullable<Vec<u64>>,
    /// The names of the vendors that it applies to. See `entitled_product_ids`.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub entitled_vendor_titles: Nullable<Vec<String>>,
    /// The start of the time window, inclusive.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub starts_at: Nullable<DateTime<FixedOffset>>,
    /// The end of the time window, exclusive. It must be after `starts_at`.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub ends_at: Nullable<DateTime<FixedOffset>>,
    /// Set to apply the rule to carts without a code. The default is false. No coupon can have an automatic rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automatic_discount: Option<bool>,
    /// The price that the rule discounts. The default is the lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_type: Option<TargetType>,
    /// The distribution of the value. The default is across the lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_method: Option<AllocationMethod>,
    /// Set to apply the discount once for every full multiple of the subtotal prerequisite. The default is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accumulate: Option<bool>,
    /// The fewest units on the entitled lines.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub prerequisite_quantity_range: Nullable<AtLeast>,
    /// The highest shipping price.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub prerequisite_shipping_price_range: Nullable<AtMost>,
    /// The lowest subtotal of the entitled lines, in yuan.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub prerequisite_subtotal_range: Nullable<AtLeast>,
    /// The quantities of a rule such as "buy 2, get 1".
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub prerequisite_to_entitlement_quantity_ratio: Nullable<Ratio>,
    /// With a ratio, the most applications in one cart. Without one, the most codes that each coupon may issue. 0 is no
    /// limit.
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

    /// Returns a rule that takes this many yuan off. 10 is `-10` on the wire.
    pub fn amount_off(title: impl Into<String>, yuan: impl Into<Decimal>) -> Self {
        Self::new(title, -yuan.into(), ValueType::FixedAmount)
    }

    /// Returns a rule that takes this many percent off, up to 100. 20 is `-20` on the wire.
    pub fn percent_off(title: impl Into<String>, percent: impl Into<Decimal>) -> Self {
        Self::new(title, -percent.into(), ValueType::Percentage)
    }

    /// Returns a rule that makes the shipping free.
    pub fn free_shipping(title: impl Into<String>) -> Self {
        Self {
            target_type: Some(TargetType::ShippingLine),
            allocation_method: Some(AllocationMethod::Each),
            ..Self::percent_off(title, 100)
        }
    }
}

impl List<PriceRule> {
    /// Selects the rule with this id.
    pub fn id(self, id: u64) -> Self {
        self.set("id", id)
    }

    /// Selects the rules with these ids, at most 100.
    pub fn id_in(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.set_any("id__in", ids)
    }

    /// Selects the automatic rules, or the others.
    pub fn automatic_discount(self, automatic: bool) -> Self {
        self.set("automatic_discount", automatic)
    }

    /// Selects the rules with exactly this title.
    pub fn title(self, title: &str) -> Self {
        self.set("title", title)
    }

    /// Selects the rules that start at exactly this time.
    pub fn starts_at(self, instant: DateTime<FixedOffset>) -> Self {
        self.set("starts_at", instant.to_rfc3339())
    }

    /// Selects the rules that end at exactly this time.
    pub fn ends_at(self, instant: DateTime<FixedOffset>) -> Self {
        self.set("ends_at", instant.to_rfc3339())
    }
}

impl Client {
    /// Lists the price rules, newest first.
    pub fn price_rule_list(&self) -> List<PriceRule> {
        List::new(self, PRICE_RULE_LIST)
    }

    /// Creates a price rule.
    pub fn price_rule_create(&self, rule: &PriceRuleInput) -> Change<PriceRule> {
        Change::new(self, Call::new(PRICE_RULE_CREATE, "").with(rule))
    }

    /// Reads the price rule with this id.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn price_rule_get(&self, id: u64) -> Result<PriceRule, Error> {
        self.read(Call::new(PRICE_RULE_GET, id)).await
    }

    /// Updates the price rule with this id.
    pub fn price_rule_update(&self, id: u64, rule: &PriceRuleInput) -> Change<PriceRule> {
        Change::new(self, Call::new(PRICE_RULE_UPDATE, id).with(rule))
    }

    /// Deletes a price rule. A rule that a coupon uses is a [`Conflict`](Error::Conflict).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn price_rule_delete(&self, id: u64) -> Result<(), Error> {
        self.delete(PRICE_RULE_DELETE, id).await
    }
}
