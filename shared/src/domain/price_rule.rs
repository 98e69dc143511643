//! Price rules (价格规则): what a discount is, on what, and when (`discounts.txt`; Shopify's PriceRule where it is silent).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{id::Id, money::Hundredths};

/// The longest title, in characters.
pub const TITLE_LENGTH: usize = 255;
/// The most ids and titles of the entitled lists together.
pub const MAX_ENTITLED: usize = 250;
/// The most rules of a shop.
pub const MAX_RULES: u64 = 10_000;

/// An enumeration with its names on the wire, which are also what is stored.
macro_rules! choices {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[schema(rename_all = "snake_case")]
        pub enum $name { $($(#[$inner])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every choice with its name on the wire.
            pub const CHOICES: &'static [(&'static str, Self)] = &[$(($text, Self::$variant)),+];
        }
    };
}

choices! {
    /// Which lines a rule entitles: `all`, or those that an `entitled_*` list names.
    TargetSelection {
        /// All lines.
        #[default]
        All = "all",
        /// Those that an entitled list names.
        Entitled = "entitled",
    }
}

choices! {
    /// What a rule discounts: the lines of a cart, or its shipping.
    TargetType {
        /// Lines.
        #[default]
        LineItem = "line_item",
        /// The shipping.
        ShippingLine = "shipping_line",
    }
}

choices! {
    /// How a discount falls on its lines: `across` splits it over them, `each` gives it to each of them.
    AllocationMethod {
        /// Once, split over the lines.
        #[default]
        Across = "across",
        /// On each line.
        Each = "each",
    }
}

choices! {
    /// What a rule's `value` is: percent, or yuan.
    ValueType {
        /// Of a hundred.
        #[default]
        Percentage = "percentage",
        /// Yuan.
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
    /// The units of one group: those to buy and those that are discounted.
    pub fn group(self) -> u64 {
        u64::from(self.prerequisite_quantity) + u64::from(self.entitled_quantity)
    }
}

/// A price rule of a shop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRule {
    /// Ours, increasing in order of creation.
    pub id: Id,
    /// Whether it may apply at all.
    pub is_enabled: bool,
    /// The larger applies first; may be negative.
    pub priority: i32,
    /// 1 to 255 characters.
    pub title: String,
    /// Uses over all its coupons and codes; 0 is no limit.
    pub usage_limit: u32,
    /// At most one live use for each customer.
    pub once_per_customer: bool,
    /// Which lines it entitles.
    pub target_selection: TargetSelection,
    /// `None` where omitted, never empty; like the three that follow.
    pub entitled_product_ids: Option<Vec<Id>>,
    /// See above.
    pub entitled_collection_ids: Option<Vec<Id>>,
    /// See above.
    pub entitled_category_ids: Option<Vec<Id>>,
    /// See above.
    pub entitled_vendor_titles: Option<Vec<String>>,
    /// Active from here on.
    pub starts_at: Option<DateTime<Utc>>,
    /// Active before; after `starts_at`.
    pub ends_at: Option<DateTime<Utc>>,
    /// Whether carts get it without a code; then no coupon can have it.
    pub automatic_discount: bool,
    /// What it discounts.
    pub target_type: TargetType,
    /// How the discount falls on its lines.
    pub allocation_method: AllocationMethod,
    /// Negative: hundredths of a percent, or of a yuan.
    pub value: Hundredths,
    /// What `value` is.
    pub value_type: ValueType,
    /// Once for every full multiple of the subtotal.
    pub accumulate: bool,
    /// Units on the entitled lines, at least.
    pub prerequisite_quantity_range: Option<u32>,
    /// The shipping price, at the most.
    pub prerequisite_shipping_price_range: Option<Hundredths>,
    /// Yuan on the entitled lines, at least.
    pub prerequisite_subtotal_range: Option<Hundredths>,
    /// Buy so many, get so many.
    pub prerequisite_to_entitlement_quantity_ratio: Option<Ratio>,
    /// With a ratio, how often it may apply in a cart; else how many codes each coupon may issue. 0 is no limit.
    pub allocation_limit: u32,
}

/// What is wrong with a rule as a whole: the field that the message stands under, and the message.
pub type Breach = (&'static str, &'static str);

impl PriceRule {
    /// The rule with what it coerces: without a selection there are no entitled lists, and an empty list is none.
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

    /// How many ids and titles it entitles.
    fn entitled(&self) -> usize {
        let ids = [&self.entitled_product_ids, &self.entitled_collection_ids, &self.entitled_category_ids];
        let ids: usize = ids.into_iter().flatten().map(Vec::len).sum();
        ids + self.entitled_vendor_titles.as_ref().map_or(0, Vec::len)
    }

    /// Every rule that these fields break together (`readings.md`, Discounts; `beyond.md`, Rulings on evaluation).
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

    /// Whether its window is over: `ends_at` is not in it.
    pub fn has_ended(&self, now: DateTime<Utc>) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }

    /// Whether its window has begun.
    pub fn has_started(&self, now: DateTime<Utc>) -> bool {
        self.starts_at.is_none_or(|start| start <= now)
    }

    /// The most uses over all its coupons and codes.
    pub fn most_uses(&self) -> Option<u64> {
        (self.usage_limit > 0).then(|| self.usage_limit.into())
    }

    /// The most codes that each of its coupons may have given out. With a ratio `allocation_limit` means something else.
    pub fn most_codes(&self) -> Option<u64> {
        let limits_codes = self.prerequisite_to_entitlement_quantity_ratio.is_none() && self.allocation_limit > 0;
        limits_codes.then(|| self.allocation_limit.into())
    }

    /// What a customer reads, such as `满4件打8折`: computed, whatever was sent.
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
