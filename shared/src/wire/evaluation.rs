//! Priced carts as they stand on the wire: amounts as texts with two places, units without.

use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use domain::{
    evaluation::{
        Evaluation, Outcome, PricedLine,
        predicate::{Failure, Measure},
    },
    id::Id,
    money::{Amount, Minor},
    timestamp,
};

/// The discount of a rule on a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Allocation)]
pub struct AllocationReply {
    /// The id of the rule.
    #[schema(example = 5527)]
    price_rule_id: Id,
    /// The amount that the rule takes off the line: yuan, above 0.
    #[schema(value_type = String, format = "decimal", example = "20.00")]
    amount: Amount,
}

/// A line with its discounts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PricedLine)]
pub struct LineReply {
    /// The id of the line, as it was sent.
    #[schema(example = 1)]
    id: Id,
    /// Quantity times price, in yuan.
    #[schema(value_type = String, format = "decimal", example = "200.00")]
    total_price: Amount,
    /// The sum of the allocations, in yuan.
    #[schema(value_type = String, format = "decimal", example = "20.00")]
    total_discount: Amount,
    /// The price of the line after the discounts, in yuan.
    #[schema(value_type = String, format = "decimal", example = "180.00")]
    final_price: Amount,
    /// The discount of each rule on the line, in the order in which the rules apply.
    allocations: Vec<AllocationReply>,
}

impl LineReply {
    fn new(line: &PricedLine) -> Self {
        let allocation = |allocation: &domain::evaluation::Allocation| AllocationReply {
            price_rule_id: allocation.price_rule_id,
            amount: Amount(allocation.amount),
        };
        Self {
            id: line.id,
            total_price: Amount(line.total_price),
            total_discount: Amount(line.total_price - line.final_price),
            final_price: Amount(line.final_price),
            allocations: line.allocations.iter().map(allocation).collect(),
        }
    }
}

/// The shipping with its discount.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PricedShipping)]
pub struct ShippingReply {
    /// The price of the shipping, as it was sent, in yuan.
    #[schema(value_type = String, format = "decimal", example = "12.00")]
    price: Amount,
    /// The amount that rules take off the shipping, in yuan.
    #[schema(value_type = String, format = "decimal", example = "0.00")]
    discount: Amount,
    /// The price of the shipping after the discounts, in yuan.
    #[schema(value_type = String, format = "decimal", example = "12.00")]
    final_price: Amount,
}

/// The sums of a priced cart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CartTotals)]
pub struct TotalsReply {
    /// The sum of the lines before discounts, in yuan, without the shipping.
    #[schema(value_type = String, format = "decimal", example = "200.00")]
    total_price: Amount,
    /// The sum of the lines' discounts, in yuan, without the shipping's.
    #[schema(value_type = String, format = "decimal", example = "20.00")]
    total_discount: Amount,
    /// The price of the lines and the shipping after the discounts, in yuan.
    #[schema(value_type = String, format = "decimal", example = "192.00")]
    final_price: Amount,
}

/// The reason for which a code does not bring its rule.
#[derive(ToSchema)]
#[schema(as = EvaluatedCodeReason, rename_all = "snake_case")]
#[allow(
    dead_code,
    reason = "describes the field; the names are those of `shop::discounts::checkout::evaluation::Refusal`"
)]
enum CodeReason {
    Unknown,
    Foreign,
    Used,
    Lapsed,
    Repeated,
}

/// A code that was sent, and whether it counts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EvaluatedCode)]
pub struct CodeReply {
    /// The text of the code, as it was sent.
    #[schema(example = "jB7nNJPbf16adc")]
    pub code: String,
    /// True if the code brings its rule.
    pub valid: bool,
    /// The reason for which it does not: `unknown`; `foreign`, another customer's; `used`; `lapsed`, its rule has
    /// ended; `repeated`, another code brings the rule. Null if it does.
    #[schema(value_type = Option<CodeReason>)]
    pub reason: Option<&'static str>,
}

/// A predicate that failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailedPredicate)]
pub struct FailureReply {
    /// The field of the rule that stands against it.
    #[schema(example = "prerequisite_quantity_range")]
    predicate: &'static str,
    /// The value that the rule asks for: units, yuan with two decimals, an instant, `true`; of a limit the limit.
    #[schema(example = "4")]
    needs: String,
    /// The value that there is, in the same unit; of a limit the live uses.
    #[schema(example = "3")]
    has: String,
}

impl FailureReply {
    fn new(failure: &Failure, zone: Tz) -> Self {
        let text = |measure| match measure {
            Measure::Count(count) => count.to_string(),
            Measure::Amount(amount) => Amount(amount).to_string(),
            Measure::Instant(instant) => timestamp::render(instant, zone),
            Measure::Flag(flag) => flag.to_string(),
        };
        Self { predicate: failure.predicate, needs: text(failure.needs), has: text(failure.has) }
    }
}

/// The outcome of a rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EvaluatedRule)]
pub struct RuleReply {
    /// The id of the rule.
    #[schema(example = 5527)]
    price_rule_id: Id,
    /// True if the rule applies.
    applied: bool,
    /// The amount that the rule takes off in all, in yuan.
    #[schema(value_type = String, format = "decimal", example = "0.00")]
    amount: Amount,
    /// Every predicate that fails. Empty where the rule applies, and where it would discount nothing.
    failed: Vec<FailureReply>,
}

impl RuleReply {
    fn new(outcome: &Outcome, zone: Tz) -> Self {
        Self {
            price_rule_id: outcome.price_rule_id,
            applied: outcome.applied(),
            amount: Amount(outcome.amount),
            failed: outcome.failed.iter().map(|failure| FailureReply::new(failure, zone)).collect(),
        }
    }
}

/// A priced cart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Evaluation)]
pub struct EvaluationReply {
    /// The lines with their discounts, in the order of the cart.
    lines: Vec<LineReply>,
    /// The shipping with its discount.
    shipping: ShippingReply,
    /// The sums of the cart.
    totals: TotalsReply,
    /// The codes, in the order in which they were sent.
    codes: Vec<CodeReply>,
    /// The outcome of each rule, in the order in which they are taken: larger priority first, then smaller id.
    rules: Vec<RuleReply>,
}

impl EvaluationReply {
    /// A priced cart, and what is known of its codes; instants in `zone`.
    pub fn new(evaluation: &Evaluation, codes: Vec<CodeReply>, zone: Tz) -> Self {
        let total_price: Minor = evaluation.lines.iter().map(|line| line.total_price).sum();
        let lines_left: Minor = evaluation.lines.iter().map(|line| line.final_price).sum();
        let shipping_left = evaluation.shipping_price - evaluation.shipping_discount;
        Self {
            lines: evaluation.lines.iter().map(LineReply::new).collect(),
            shipping: ShippingReply {
                price: Amount(evaluation.shipping_price),
                discount: Amount(evaluation.shipping_discount),
                final_price: Amount(shipping_left),
            },
            totals: TotalsReply {
                total_price: Amount(total_price),
                total_discount: Amount(total_price - lines_left),
                final_price: Amount(lines_left + shipping_left),
            },
            codes,
            rules: evaluation.rules.iter().map(|outcome| RuleReply::new(outcome, zone)).collect(),
        }
    }
}
