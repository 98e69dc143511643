//! Pricing a cart: the discounts that the price rules of a shop give, and the reasons why a rule does not apply
//! (docs/api/evaluation.md).
//!
//! The work is a pipeline of small pieces, each with a worked example:
//!
//! * [`cart`]: the goods; [`entitlement`]: the lines that a rule entitles.
//! * [`predicate`]: the conditions of a rule, and the amount by which a cart misses them.
//! * [`calculation`]: the amount that a rule takes off each line; [`allocation`]: the exact split of a total.
//! * [`evaluate`] applies the rules in their order, each to the prices that the rules before it have left.
//!
//! All amounts are integers of minor units ([`Minor`]). A line is at most 10^17 of them and a cart 5 * 10^19. So no
//! product in the calculations exceeds 10^37, and an `i128` holds it.

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
use crate::{
    id::Id,
    money::Minor,
    price_rule::{PriceRule, TargetType},
};

/// A price rule that is prepared for pricing many carts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The price rule.
    pub rule: PriceRule,
    entitlement: Entitlement,
}

impl Candidate {
    /// Prepares a rule: sorts its entitled lists for look-ups.
    pub fn new(rule: PriceRule) -> Self {
        let entitlement = Entitlement::of(&rule);
        Self { rule, entitlement }
    }

    /// Returns the sort key among rules: larger `priority` first, ties by smaller id.
    pub fn rank(&self) -> (std::cmp::Reverse<i32>, Id) {
        (std::cmp::Reverse(self.rule.priority), self.rule.id)
    }
}

/// Live uses of a rule. Needed only for a rule with a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uses {
    /// Uses over all codes and coupons of the rule.
    pub in_all: u64,
    /// Uses by the customer of the cart.
    pub by_customer: u64,
}

/// The amount that one rule took off one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// Id of the rule.
    pub price_rule_id: Id,
    /// Amount, above 0.
    pub amount: Minor,
}

/// A cart line with its discounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedLine {
    /// Id of the line in the cart.
    pub id: Id,
    /// Quantity times unit price.
    pub total_price: Minor,
    /// Price after all discounts, never below 0.
    pub final_price: Minor,
    /// Discounts between the two prices, in the order in which the rules applied.
    pub allocations: Vec<Allocation>,
}

/// Result of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Id of the rule.
    pub price_rule_id: Id,
    /// Amount that the rule took off in all. The rule applied if this is above 0; only then does it use up a code or a
    /// use.
    pub amount: Minor,
    /// Every predicate that failed. Empty if the rule applied, and also if it would have discounted nothing.
    pub failed: Vec<Failure>,
}

impl Outcome {
    /// Returns true if the rule applied.
    pub fn applied(&self) -> bool {
        self.amount > 0
    }
}

/// A priced cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Lines in the order of the cart.
    pub lines: Vec<PricedLine>,
    /// Shipping price as it was sent.
    pub shipping_price: Minor,
    /// Discount on the shipping.
    pub shipping_discount: Minor,
    /// Result of each rule, in the order in which the rules were tried. Contains the rules of codes, those
    /// automatic rules that entitle a line of the cart, and the automatic rules for shipping.
    pub rules: Vec<Outcome>,
}

impl Evaluation {
    /// Returns the results of the rules that applied.
    pub fn applied(&self) -> impl Iterator<Item = &Outcome> {
        self.rules.iter().filter(|outcome| outcome.applied())
    }
}

/// Prices a cart at a given time. `candidates` may come in any order, each rule once. A rule that `uses` does not name
/// counts as unused.
///
/// Example, on a cart of 100.00: 20 % off (priority 4) and then 10.00 off (priority 1) take off 20.00 and 10.00, so
/// 70.00 is left. In the other order they take off 10.00 and 18.00 (20 % of 90.00), so 72.00 is left.
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
        // Free shipping for every cart also entitles an empty cart.
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

    /// Takes the discount of the rule off the prices that the rules before it have left, unless a predicate fails.
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
