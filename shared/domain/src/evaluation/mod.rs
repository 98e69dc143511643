//! Pricing a cart: what the price rules of a shop take off it, and why a rule does not apply (`beyond.md`, Evaluating a
//! cart).
//!
//! A pipeline of small pieces, each with a worked example in its own words:
//!
//! * [`cart`]: what is bought; [`entitlement`]: which lines of it a rule entitles.
//! * [`predicate`]: what a rule asks for, and by how much a cart falls short.
//! * [`calculation`]: what a rule that applies takes off each line; [`allocation`]: how a total is split exactly.
//! * [`evaluate`] takes the rules in their order, each on what the ones before it have left.
//!
//! Amounts are integers of minor units ([`Minor`]) from end to end. A line is at most 10^17 of them and a cart 5 * 10^19,
//! so no product of the calculations passes 10^37, and an `i128` holds it.

pub mod allocation;
pub mod calculation;
pub mod cart;
pub mod entitlement;
pub mod predicate;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use self::{
    cart::Cart,
    entitlement::Entitlement,
    predicate::{Failure, ends, is_enabled, prerequisites, starts, target_selection},
};
use super::{
    id::Id,
    money::Minor,
    price_rule::{PriceRule, TargetType},
};

/// A price rule, made ready for many carts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The rule.
    pub rule: PriceRule,
    entitlement: Entitlement,
}

impl Candidate {
    /// The rule, with what it entitles sorted for look-ups.
    pub fn new(rule: PriceRule) -> Self {
        let entitlement = Entitlement::of(&rule);
        Self { rule, entitlement }
    }

    /// Where the rule stands among others: larger `priority` first, ties by smaller id.
    pub fn rank(&self) -> (std::cmp::Reverse<i32>, Id) {
        (std::cmp::Reverse(self.rule.priority), self.rule.id)
    }
}

/// The live uses of a rule, where a limit makes them matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uses {
    /// Over all its codes and coupons.
    pub in_all: u64,
    /// By the customer whose cart it is.
    pub by_customer: u64,
}

/// What a rule took off a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// The rule.
    pub price_rule_id: Id,
    /// How much, above 0.
    pub amount: Minor,
}

/// A line with its discounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedLine {
    /// The line's own.
    pub id: Id,
    /// Quantity times price.
    pub total_price: Minor,
    /// What is left to pay: never below 0.
    pub final_price: Minor,
    /// What makes the difference, in the order in which the rules applied.
    pub allocations: Vec<Allocation>,
}

/// What became of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The rule.
    pub price_rule_id: Id,
    /// What it took off in all; it applied where this is above 0, and only then uses something up.
    pub amount: Minor,
    /// Every predicate that failed. None where it applied, or would have discounted nothing.
    pub failed: Vec<Failure>,
}

impl Outcome {
    /// Whether the rule applied.
    pub fn applied(&self) -> bool {
        self.amount > 0
    }
}

/// A priced cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The lines in the order of the cart.
    pub lines: Vec<PricedLine>,
    /// The shipping as it was sent.
    pub shipping_price: Minor,
    /// What was taken off it.
    pub shipping_discount: Minor,
    /// What became of each rule, in the order in which they were taken: those that a code brought, and the automatic ones
    /// that entitle a line of the cart.
    pub rules: Vec<Outcome>,
}

impl Evaluation {
    /// The rules that applied.
    pub fn applied(&self) -> impl Iterator<Item = &Outcome> {
        self.rules.iter().filter(|outcome| outcome.applied())
    }
}

/// Prices a cart at a moment. `candidates` come in any order, each rule once; of a rule that `uses` does not name the uses
/// are taken to be none.
///
/// 20 % off (priority 4), then 10.00 off (priority 1), on a cart of 100.00: 20.00 and then 10.00, and 70.00 is left. The
/// other way round 10.00 and then 20 % of the 90.00 that are left: 72.00.
pub fn evaluate<'a>(
    cart: &Cart,
    candidates: impl IntoIterator<Item = &'a Candidate>,
    at: DateTime<Utc>,
    uses: &BTreeMap<Id, Uses>,
) -> Evaluation {
    let mut candidates: Vec<_> = candidates.into_iter().collect();
    candidates.sort_by_key(|candidate| candidate.rank());
    let lines = cart.lines.iter().map(|line| {
        let total_price = line.total_price();
        PricedLine { id: line.id, total_price, final_price: total_price, allocations: Vec::new() }
    });
    let mut evaluation = Evaluation {
        lines: lines.collect(),
        shipping_price: cart.shipping_price.into(),
        shipping_discount: 0,
        rules: Vec::new(),
    };
    for candidate in candidates {
        let entitled = candidate.entitlement.lines(cart);
        // Free shipping for every cart entitles an empty one too.
        let entitles = !entitled.is_empty() || candidate.is_for_every_cart();
        if entitles || !candidate.rule.automatic_discount {
            let outcome = candidate.apply(cart, &entitled, entitles, at, uses, &mut evaluation);
            evaluation.rules.push(outcome);
        }
    }
    evaluation
}

impl Candidate {
    fn is_for_every_cart(&self) -> bool {
        self.rule.target_type == TargetType::ShippingLine && self.entitlement == Entitlement::All
    }

    /// Takes the rule's discount off what the rules before it have left, where nothing stands against it.
    fn apply(
        &self,
        cart: &Cart,
        entitled: &[usize],
        entitles: bool,
        at: DateTime<Utc>,
        uses: &BTreeMap<Id, Uses>,
        evaluation: &mut Evaluation,
    ) -> Outcome {
        let rule = &self.rule;
        let left: Vec<_> = entitled.iter().map(|line| evaluation.lines[*line].final_price).collect();
        let mut failed = prerequisites(rule, cart, entitled, &left);
        failed.extend(
            [is_enabled(rule), starts(rule, at), ends(rule, at), target_selection(entitles)].into_iter().flatten(),
        );
        if !failed.is_empty() {
            return Outcome { price_rule_id: rule.id, amount: 0, failed };
        }
        let (shares, shipping) = match rule.target_type {
            TargetType::ShippingLine => (Vec::new(), evaluation.shipping_price - evaluation.shipping_discount),
            TargetType::LineItem => (calculation::shares(rule, cart, entitled, &left), 0),
        };
        let amount = shares.iter().sum::<Minor>() + shipping;
        if amount > 0 {
            let uses = uses.get(&rule.id).copied().unwrap_or_default();
            failed.extend(
                [predicate::usage_limit(rule, uses), predicate::once_per_customer(rule, uses)].into_iter().flatten(),
            );
        }
        if amount == 0 || !failed.is_empty() {
            return Outcome { price_rule_id: rule.id, amount: 0, failed };
        }
        evaluation.shipping_discount += shipping;
        for (line, share) in entitled.iter().zip(shares).filter(|(_, share)| *share > 0) {
            let line = &mut evaluation.lines[*line];
            line.final_price -= share;
            line.allocations.push(Allocation { price_rule_id: rule.id, amount: share });
        }
        Outcome { price_rule_id: rule.id, amount, failed }
    }
}
