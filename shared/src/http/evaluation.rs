//! Priced carts as they stand on the wire: amounts as texts with two places, units without.

use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    evaluation::{
        Evaluation, Outcome, PricedLine,
        predicate::{Failure, Measure},
    },
    id::Id,
    money::{Minor, render},
    timestamp,
};

/// What a rule took off a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Allocation)]
pub struct AllocationReply {
    /// The rule.
    #[schema(example = 5527)]
    price_rule_id: Id,
    /// Yuan, above 0.
    #[schema(example = "20.00")]
    amount: String,
}

/// A line with its discounts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PricedLine)]
pub struct LineReply {
    /// As it was sent.
    #[schema(example = 1)]
    id: Id,
    /// Quantity times price.
    #[schema(example = "200.00")]
    total_price: String,
    /// The sum of the allocations.
    #[schema(example = "20.00")]
    total_discount: String,
    /// What is left to pay.
    #[schema(example = "180.00")]
    final_price: String,
    /// By rule, in the order in which they applied.
    allocations: Vec<AllocationReply>,
}

impl LineReply {
    fn new(line: &PricedLine) -> Self {
        let allocation = |allocation: &crate::domain::evaluation::Allocation| AllocationReply {
            price_rule_id: allocation.price_rule_id,
            amount: render(allocation.amount),
        };
        Self {
            id: line.id,
            total_price: render(line.total_price),
            total_discount: render(line.total_price - line.final_price),
            final_price: render(line.final_price),
            allocations: line.allocations.iter().map(allocation).collect(),
        }
    }
}

/// The shipping with its discount.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PricedShipping)]
pub struct ShippingReply {
    /// As it was sent.
    #[schema(example = "12.00")]
    price: String,
    /// What was taken off it.
    #[schema(example = "0.00")]
    discount: String,
    /// What is left to pay.
    #[schema(example = "12.00")]
    final_price: String,
}

/// The sums of a priced cart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CartTotals)]
pub struct TotalsReply {
    /// Of the lines.
    #[schema(example = "200.00")]
    total_price: String,
    /// Of the lines.
    #[schema(example = "20.00")]
    total_discount: String,
    /// Of the lines and the shipping.
    #[schema(example = "192.00")]
    final_price: String,
}

/// What is known of a code that was sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EvaluatedCode)]
pub struct CodeReply {
    /// As it was sent.
    #[schema(example = "jB7nNJPbf16adc")]
    pub code: String,
    /// Whether it brought its rule.
    pub valid: bool,
    /// Why it did not: `unknown`, `used`, `lapsed`, `foreign` (another customer's) or `repeated` (another code has brought
    /// the rule).
    pub reason: Option<&'static str>,
}

/// A predicate that failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailedPredicate)]
pub struct FailureReply {
    /// The field of the rule.
    #[schema(example = "prerequisite_quantity_range")]
    predicate: &'static str,
    /// What the rule asks for; of a limit the limit.
    #[schema(example = "4")]
    needs: String,
    /// What there is; of a limit the uses.
    #[schema(example = "3")]
    has: String,
}

impl FailureReply {
    fn new(failure: &Failure, zone: Tz) -> Self {
        let text = |measure| match measure {
            Measure::Count(count) => count.to_string(),
            Measure::Amount(amount) => render(amount),
            Measure::Instant(instant) => timestamp::render(instant, zone),
            Measure::Flag(flag) => flag.to_string(),
        };
        Self { predicate: failure.predicate, needs: text(failure.needs), has: text(failure.has) }
    }
}

/// What became of a rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EvaluatedRule)]
pub struct RuleReply {
    /// The rule.
    #[schema(example = 5527)]
    price_rule_id: Id,
    /// Whether it applied.
    applied: bool,
    /// What it took off in all.
    #[schema(example = "0.00")]
    amount: String,
    /// Every predicate that failed. Empty where it applied, or would have discounted nothing.
    failed: Vec<FailureReply>,
}

impl RuleReply {
    fn new(outcome: &Outcome, zone: Tz) -> Self {
        Self {
            price_rule_id: outcome.price_rule_id,
            applied: outcome.applied(),
            amount: render(outcome.amount),
            failed: outcome.failed.iter().map(|failure| FailureReply::new(failure, zone)).collect(),
        }
    }
}

/// A priced cart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Evaluation)]
pub struct EvaluationReply {
    /// In the order of the cart.
    lines: Vec<LineReply>,
    /// The shipping.
    shipping: ShippingReply,
    /// The sums.
    totals: TotalsReply,
    /// In the order in which they were sent.
    codes: Vec<CodeReply>,
    /// In the order in which they are taken: larger priority first.
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
                price: render(evaluation.shipping_price),
                discount: render(evaluation.shipping_discount),
                final_price: render(shipping_left),
            },
            totals: TotalsReply {
                total_price: render(total_price),
                total_discount: render(total_price - lines_left),
                final_price: render(lines_left + shipping_left),
            },
            codes,
            rules: evaluation.rules.iter().map(|outcome| RuleReply::new(outcome, zone)).collect(),
        }
    }
}
