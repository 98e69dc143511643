//! Price rules (价格规则): the value of a discount, the lines that it covers, and the time when it applies
//! (docs/api/price-rules.md). Shopify's PriceRule decides where the documents are silent.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{id::Id, money::Hundredths};

/// Longest title, in characters.
pub const TITLE_LENGTH: usize = 255;
/// Largest number of ids and titles in all entitled lists together.
pub const MAX_ENTITLED: usize = 250;
/// Largest number of price rules in one shop.
pub const MAX_RULES: u64 = 10_000;

/// Declares an enumeration. The names on the wire are also the stored values.
macro_rules! choices {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[schema(rename_all = "snake_case")]
        pub enum $name { $($(#[$inner])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// All choices with their names on the wire.
            pub const CHOICES: &'static [(&'static str, Self)] = &[$(($text, Self::$variant)),+];
        }
    };
}

choices! {
    /// Which lines a rule entitles: `all`, or those that an `entitled_*` list names.
    TargetSelection {
        /// All lines of the cart.
        #[default]
        All = "all",
        /// The lines that an entitled list names.
        Entitled = "entitled",
    }
}

choices! {
    /// What a rule discounts: the lines of a cart, or its shipping.
    TargetType {
        /// The lines of the cart.
        #[default]
        LineItem = "line_item",
        /// The shipping price.
        ShippingLine = "shipping_line",
    }
}

choices! {
    /// How a discount falls on its lines: `across` splits it over them, `each` gives it to each of them.
    AllocationMethod {
        /// The discount is given once and split over the lines.
        #[default]
        Across = "across",
        /// The discount is given on each line.
        Each = "each",
    }
}

choices! {
    /// What a rule's `value` is: percent, or yuan.
    ValueType {
        /// Percent of the price.
        #[default]
        Percentage = "percentage",
        /// Amount in yuan.
        FixedAmount = "fixed_amount",
    }
}

/// Buy so many units, get so many at the discount of the rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ratio {
    /// Units to buy: 1 to 2147483647.
    #[schema(minimum = 1, maximum = 2147483647, example = 2)]
    pub prerequisite_quantity: u32,
    /// Units that are discounted: 1 to 2147483647.
    #[schema(minimum = 1, maximum = 2147483647, example = 1)]
    pub entitled_quantity: u32,
}

impl Ratio {
    /// Returns the number of units in one group: units to buy plus units that are discounted.
    pub fn group(self) -> u64 {
        u64::from(self.prerequisite_quantity) + u64::from(self.entitled_quantity)
    }
}

/// A price rule of a shop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRule {
    /// Id chosen by this service; ids grow in order of creation.
    pub id: Id,
    /// True if the rule may apply. A disabled rule never applies.
    pub is_enabled: bool,
    /// Rank among rules: the rule with the larger number applies first. May be negative.
    pub priority: i32,
    /// Title of 1 to 255 characters.
    pub title: String,
    /// Largest number of uses over all coupons and codes of the rule; 0 means no limit.
    pub usage_limit: u32,
    /// True if each customer may have at most one live use.
    pub once_per_customer: bool,
    /// Lines that the rule entitles.
    pub target_selection: TargetSelection,
    /// Entitled products. `None` if omitted and never empty, as are the three lists after it.
    pub entitled_product_ids: Option<Vec<Id>>,
    /// Entitled collections of products.
    pub entitled_collection_ids: Option<Vec<Id>>,
    /// Entitled categories of products.
    pub entitled_category_ids: Option<Vec<Id>>,
    /// Entitled vendors, by title.
    pub entitled_vendor_titles: Option<Vec<String>>,
    /// Start of the window. `None`: the rule has always been active.
    pub starts_at: Option<DateTime<Utc>>,
    /// End of the window, not part of it; later than `starts_at`. `None`: the window never ends.
    pub ends_at: Option<DateTime<Utc>>,
    /// True if the rule applies to carts without a code. Such a rule cannot have coupons.
    pub automatic_discount: bool,
    /// The lines of the cart or the shipping.
    pub target_type: TargetType,
    /// Split over the lines, or given on each of them.
    pub allocation_method: AllocationMethod,
    /// Negative value of the discount, in hundredths of a percent or of a yuan.
    pub value: Hundredths,
    /// Unit of `value`.
    pub value_type: ValueType,
    /// True if the discount is given once for every full multiple of `prerequisite_subtotal_range`.
    pub accumulate: bool,
    /// Smallest number of units on the entitled lines.
    pub prerequisite_quantity_range: Option<u32>,
    /// Highest shipping price for which the rule applies.
    pub prerequisite_shipping_price_range: Option<Hundredths>,
    /// Smallest subtotal of the entitled lines, in yuan.
    pub prerequisite_subtotal_range: Option<Hundredths>,
    /// Units to buy and units that are discounted (buy X, get Y).
    pub prerequisite_to_entitlement_quantity_ratio: Option<Ratio>,
    /// With a ratio: the number of times that it may apply in one cart. Without a ratio: the number of codes that each
    /// coupon may issue. 0 means no limit.
    pub allocation_limit: u32,
}

/// A fault of a rule as a whole: the field that the message is reported under, and the message.
pub type Breach = (&'static str, &'static str);

impl PriceRule {
    /// Returns the rule as it is stored: a rule for all lines loses its entitled lists, and an empty list becomes
    /// `None`.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        let all = self.target_selection == TargetSelection::All;
        let ids = [&mut self.entitled_product_ids, &mut self.entitled_collection_ids, &mut self.entitled_category_ids];
        for list in ids {
            list.take_if(|ids| all || ids.is_empty());
        }
        self.entitled_vendor_titles.take_if(|titles| all || titles.is_empty());
        self
    }

    /// Returns the number of entitled ids and titles.
    fn entitled(&self) -> usize {
        let ids = [&self.entitled_product_ids, &self.entitled_collection_ids, &self.entitled_category_ids];
        let ids: usize = ids.into_iter().flatten().map(Vec::len).sum();
        ids + self.entitled_vendor_titles.as_ref().map_or(0, Vec::len)
    }

    /// Returns every fault in the combination of these fields (docs/api/price-rules.md).
    pub fn breaches(&self) -> Vec<Breach> {
        let shipping = self.target_type == TargetType::ShippingLine;
        let percentage = self.value_type == ValueType::Percentage;
        let entitled = self.target_selection == TargetSelection::Entitled;
        let each = self.allocation_method == AllocationMethod::Each;
        let ratio = self.prerequisite_to_entitlement_quantity_ratio.is_some();
        let ranges = self.prerequisite_quantity_range.is_some()
            || self.prerequisite_subtotal_range.is_some()
            || self.prerequisite_shipping_price_range.is_some();
        let zero_threshold = self.prerequisite_subtotal_range == Some(Hundredths(0));
        let late_start = self.starts_at.zip(self.ends_at).is_some_and(|(start, end)| end <= start);
        let ratio_field = "prerequisite_to_entitlement_quantity_ratio";
        let shipping_range = "prerequisite_shipping_price_range";
        let checks = [
            (self.value.0 >= 0, ("value", "Ensure this value is less than 0.")),
            (percentage && self.value.0 < -10_000, ("value", "Ensure this value is greater than or equal to -100.00.")),
            (shipping && !percentage, ("value_type", "A discount on shipping must be a percentage.")),
            (shipping && percentage && self.value.0 != -10_000, ("value", "A discount on shipping must be -100.00.")),
            (shipping && !each, ("allocation_method", "A discount on shipping must be allocated to each.")),
            (
                entitled && self.entitled() == 0,
                ("target_selection", "At least one of the entitled lists must not be empty."),
            ),
            (
                self.entitled() > MAX_ENTITLED,
                ("target_selection", "Ensure the entitled lists have no more than 250 elements together."),
            ),
            (late_start, ("ends_at", "Ensure this is after starts_at.")),
            (
                !shipping && self.prerequisite_shipping_price_range.is_some(),
                (shipping_range, "Only a discount on shipping can have this range."),
            ),
            (
                self.accumulate && zero_threshold,
                ("prerequisite_subtotal_range", "A discount that accumulates needs a threshold above 0."),
            ),
            (ratio && !percentage, (ratio_field, "A ratio needs the value_type percentage.")),
            (ratio && shipping, (ratio_field, "A ratio needs the target_type line_item.")),
            (ratio && !entitled, (ratio_field, "A ratio needs the target_selection entitled.")),
            (ratio && !each, (ratio_field, "A ratio needs the allocation_method each.")),
            (ratio && ranges, (ratio_field, "A ratio cannot stand beside a prerequisite range.")),
        ];
        checks.into_iter().filter(|(broken, _)| *broken).map(|(_, breach)| breach).collect()
    }

    /// Returns true once the window is over. `ends_at` itself is outside the window.
    pub fn has_ended(&self, now: DateTime<Utc>) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }

    /// Returns true once the window has started.
    pub fn has_started(&self, now: DateTime<Utc>) -> bool {
        self.starts_at.is_none_or(|start| start <= now)
    }

    /// Returns the limit of uses over all coupons and codes; `None` without a limit.
    pub fn most_uses(&self) -> Option<u64> {
        (self.usage_limit > 0).then(|| self.usage_limit.into())
    }

    /// Returns the limit of codes for each coupon; `None` without a limit. With a ratio, `allocation_limit` limits
    /// something else.
    pub fn most_codes(&self) -> Option<u64> {
        let limits_codes = self.prerequisite_to_entitlement_quantity_ratio.is_none() && self.allocation_limit > 0;
        limits_codes.then(|| self.allocation_limit.into())
    }

    /// Returns the title that customers read, such as `满4件打8折`. It is always generated; a title that a client sends is
    /// ignored.
    pub fn verbose_title(&self) -> String {
        let mut title = String::new();
        if let Some(units) = self.prerequisite_quantity_range {
            title.push_str(&format!("满{units}件"));
        }
        if let Some(amount) = self.prerequisite_subtotal_range {
            title.push_str(&format!("满{}元", amount.short()));
        }
        let benefit = match (self.target_type, self.value_type) {
            (TargetType::ShippingLine, _) => "免运费".to_owned(),
            (TargetType::LineItem, ValueType::FixedAmount) => format!("减{}元", Hundredths(-self.value.0).short()),
            (TargetType::LineItem, ValueType::Percentage) => {
                // (100 + value) / 10, in thousandths: -4.00 leaves 9.600.
                let thousandths = 10_000 + self.value.0;
                let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
                format!("打{}折", text.trim_end_matches('0').trim_end_matches('.'))
            }
        };
        title + &benefit
    }
}
