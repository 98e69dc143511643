//! Price rules as they are sent: new ones, changes, and drafts of an evaluation (docs/api/price-rules.md). A new coupon
//! may bring one along.

use crate::{
    body,
    http::{
        body::flatten,
        checked::Checked,
        fields::{nullable, optional, required},
        kinds::{Kind as _, boolean, choice, decimal, instant, integer, list, nested, own_id, positive_or_zero, text},
    },
};
use domain::{
    error::FieldErrors,
    id::Id,
    money::Hundredths,
    price_rule::{
        AllocationMethod, MAX_ENTITLED, PriceRule, Ratio, TITLE_LENGTH, TargetSelection, TargetType, ValueType,
    },
};

/// The largest number of a field (`docs/api/price-rules.md`).
const MOST: u32 = i32::MAX as u32;

body! {
    /// The least number of units on the entitled lines.
    pub struct QuantityRange {
        /// Units: 0 to 2147483647.
        #[example("4")]
        greater_than_or_equal_to: u32 = required(integer(0..=MOST).or_digits()),
    }
}

body! {
    /// The least price of the entitled lines.
    pub struct SubtotalRange {
        /// Yuan, not below 0.
        #[example("100.00")]
        greater_than_or_equal_to: Hundredths = required(positive_or_zero()),
    }
}

body! {
    /// The highest price of the shipping.
    pub struct ShippingPriceRange {
        /// Yuan, not below 0.
        #[example("10.00")]
        less_than_or_equal_to: Hundredths = required(positive_or_zero()),
    }
}

body! {
    /// Buy so many units, get so many at the discount of the rule.
    pub struct RatioInput into Ratio {
        /// Units to buy: 1 to 2147483647.
        #[example(2)]
        prerequisite_quantity: required(integer(1..=MOST)),
        /// Units that are discounted: 1 to 2147483647.
        #[example(1)]
        entitled_quantity: required(integer(1..=MOST)),
    }
}

body! {
    /// A new price rule. `title`, `value` and `value_type` are needed; a field that may be null is null where it is omitted.
    /// `verbose_title` is computed and ignored here.
    pub struct PriceRuleInput into PriceRule, then keep_its_rules {
        /// True if the rule is available.
        #[default(true)]
        is_enabled: optional(boolean()),
        /// The larger applies first; may be negative.
        #[default(0)]
        #[example(0)]
        priority: optional(integer(i32::MIN..=i32::MAX)),
        /// The title of the rule: 1 to 255 characters.
        #[example("test_price_rule_title")]
        title: required(text(1..=TITLE_LENGTH)),
        /// The most uses over all coupons and codes of the rule; 0 is no limit. A limit that is set later counts the uses
        /// made before it.
        #[default(0)]
        #[example(0)]
        usage_limit: optional(integer(0..=MOST)),
        /// True if each customer may have at most one live use of the rule.
        #[default(false)]
        once_per_customer: optional(boolean()),
        /// The lines that the rule is for: `all`, or the `entitled` ones, which needs a list that is not empty.
        #[default("all")]
        target_selection: optional(choice(TargetSelection::CHOICES)),
        /// The products that the rule entitles; null names none. The four lists have at most 250 ids and titles together;
        /// with `target_selection` `all` they are set to null.
        #[example(null)]
        entitled_product_ids: nullable(list(MAX_ENTITLED, own_id())),
        /// The collections that the rule entitles; null names none.
        #[example(null)]
        entitled_collection_ids: nullable(list(MAX_ENTITLED, own_id())),
        /// The categories that the rule entitles; null names none.
        #[example(null)]
        entitled_category_ids: nullable(list(MAX_ENTITLED, own_id())),
        /// The titles of the vendors that the rule entitles, each 1 to 255 characters; null names none.
        #[example(null)]
        entitled_vendor_titles: nullable(list(MAX_ENTITLED, text(1..=TITLE_LENGTH))),
        /// The time from which the rule is active; null is unbounded.
        #[example("2017-10-10T16:51:30+08:00")]
        starts_at: nullable(instant()),
        /// The time at which the rule ends, after `starts_at`: the rule is no longer active at this instant. Null is
        /// unbounded.
        #[example("2019-10-10T16:51:30+08:00")]
        ends_at: nullable(instant()),
        /// True if a checkout gets the rule without a code. A coupon can have the rule only if this is false.
        #[default(false)]
        automatic_discount: optional(boolean()),
        /// The target of the discount: the lines or the shipping. `shipping_line` takes only `percentage`, -100.00 and
        /// `each`.
        #[default("line_item")]
        target_type: optional(choice(TargetType::CHOICES)),
        /// The allocation of the discount: split `across` the lines, or given to `each` of them, a fixed amount to each
        /// unit.
        #[default("across")]
        allocation_method: optional(choice(AllocationMethod::CHOICES)),
        /// The discount, below 0 with at most two decimals: percent, at least -100.00, or yuan, as `value_type` says.
        #[example("-10.00")]
        value: required(decimal()),
        /// The unit of `value`: percent or yuan.
        value_type: required(choice(ValueType::CHOICES)),
        /// True if the discount counts once for every full multiple of the subtotal ("every 500, 100 off").
        #[default(false)]
        accumulate: optional(boolean()),
        /// The units that the entitled lines must have; null asks for none.
        prerequisite_quantity_range: nullable(nested::<QuantityRange>().map(|range| range.greater_than_or_equal_to)),
        /// The highest price of the shipping; for rules on the shipping. Null is no bound.
        prerequisite_shipping_price_range:
            nullable(nested::<ShippingPriceRange>().map(|range| range.less_than_or_equal_to)),
        /// The price that the entitled lines must have, in yuan; null asks for nothing.
        prerequisite_subtotal_range: nullable(nested::<SubtotalRange>().map(|range| range.greater_than_or_equal_to)),
        /// Buy so many, get so many. Needs `percentage`, `line_item`, `entitled` and `each`, and none of the ranges. Null is
        /// no rule of this kind.
        prerequisite_to_entitlement_quantity_ratio: nullable(nested::<RatioInput>()),
        /// In a rule with a ratio, how often it may be allocated in one cart; in one without, how many codes of each of its
        /// coupons may be issued or claimed. 0 is no limit.
        #[default(0)]
        #[example(0)]
        allocation_limit: optional(integer(0..=MOST)),
    }
}

body! {
    /// A change of a price rule. `title`, `value` and `value_type` are needed. A field that is omitted stays as it is, and
    /// null clears a field that may be null. `verbose_title` is computed and ignored here.
    pub struct PriceRuleUpdate updates PriceRuleInput;
}

body! {
    /// A price rule as it would be: the fields of a new rule, and an id.
    pub struct PriceRuleDraft {
        /// The id of a stored rule, in whose place this one stands, or another id.
        id: Id = required(own_id()),
        /// The other fields.
        rule: PriceRule = flatten::<PriceRuleInput>(),
    }
}

/// Checks what the fields of a rule break together.
fn keep_its_rules(rule: PriceRule) -> Checked<PriceRule> {
    let rule = rule.normalized();
    let breaches = rule.breaches();
    if breaches.is_empty() {
        return Ok(rule);
    }
    let errors = breaches.into_iter().map(|(field, message)| FieldErrors::field(field, message));
    Err(errors.fold(FieldErrors::NONE, FieldErrors::and))
}
