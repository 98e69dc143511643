//! What a rule asks for, and by how much a cart falls short: each predicate by the name of its field.

use chrono::{DateTime, Utc};

use super::{Uses, cart::Cart};
use crate::domain::{
    money::{Hundredths, Minor},
    price_rule::PriceRule,
};

/// A number or an instant that a predicate compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Units, lines or uses.
    Count(u64),
    /// Money.
    Amount(Minor),
    /// An instant.
    Instant(DateTime<Utc>),
    /// Yes or no.
    Flag(bool),
}

/// A predicate that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The field of the rule.
    pub predicate: &'static str,
    /// What the rule asks for: at least, at the most, from, until; of a limit the limit itself.
    pub needs: Measure,
    /// What there is; of a limit the uses that are counted.
    pub has: Measure,
}

fn failure(predicate: &'static str, needs: Measure, has: Measure) -> Failure {
    Failure { predicate, needs, has }
}

/// The prerequisites that a cart does not meet, in the order quantity, subtotal, shipping, ratio. `entitled` are the
/// indexes of the entitled lines, which decide them; `left` is what is left of each.
///
/// A rule from 4 units on, two entitled lines of 2 and 1 units: `prerequisite_quantity_range` needs 4 and has 3. From
/// 100.00 on, after a discount of 10.00 on entitled lines of 105.00: `prerequisite_subtotal_range` needs 100.00 and has
/// 95.00. Buy 2, get 1, of a cart with 2 units: the ratio needs 3 and has 2.
pub fn prerequisites(rule: &PriceRule, cart: &Cart, entitled: &[usize], left: &[Minor]) -> Vec<Failure> {
    let mut failed = Vec::new();
    if let Some(needs) = rule.prerequisite_quantity_range.map(u64::from) {
        let has: u64 = entitled.iter().map(|line| u64::from(cart.lines[*line].quantity)).sum();
        if has < needs {
            failed.push(failure("prerequisite_quantity_range", Measure::Count(needs), Measure::Count(has)));
        }
    }
    if let Some(needs) = rule.prerequisite_subtotal_range.map(Minor::from) {
        let has = left.iter().sum();
        if has < needs {
            failed.push(failure("prerequisite_subtotal_range", Measure::Amount(needs), Measure::Amount(has)));
        }
    }
    if let Some(Hundredths(most)) = rule.prerequisite_shipping_price_range {
        // The price as it was sent, whatever another rule has taken off it.
        let Hundredths(has) = cart.shipping_price;
        if has > most {
            let (needs, has) = (Measure::Amount(most.into()), Measure::Amount(has.into()));
            failed.push(failure("prerequisite_shipping_price_range", needs, has));
        }
    }
    if let Some(ratio) = rule.prerequisite_to_entitlement_quantity_ratio {
        let needs = ratio.group();
        let has: u64 = entitled
            .iter()
            .map(|line| &cart.lines[*line])
            .filter(|line| line.price.0 > 0)
            .map(|line| u64::from(line.quantity))
            .sum();
        if has < needs {
            let field = "prerequisite_to_entitlement_quantity_ratio";
            failed.push(failure(field, Measure::Count(needs), Measure::Count(has)));
        }
    }
    failed
}

/// Whether the rule may apply at all.
pub fn is_enabled(rule: &PriceRule) -> Option<Failure> {
    (!rule.is_enabled).then(|| failure("is_enabled", Measure::Flag(true), Measure::Flag(false)))
}

/// Whether the window of the rule has begun.
pub fn starts(rule: &PriceRule, at: DateTime<Utc>) -> Option<Failure> {
    let start = rule.starts_at.filter(|_| !rule.has_started(at))?;
    Some(failure("starts_at", Measure::Instant(start), Measure::Instant(at)))
}

/// Whether the window of the rule is not over.
pub fn ends(rule: &PriceRule, at: DateTime<Utc>) -> Option<Failure> {
    let end = rule.ends_at.filter(|_| rule.has_ended(at))?;
    Some(failure("ends_at", Measure::Instant(end), Measure::Instant(at)))
}

/// Whether the rule entitles a line: it needs one.
pub fn target_selection(entitles: bool) -> Option<Failure> {
    (!entitles).then(|| failure("target_selection", Measure::Count(1), Measure::Count(0)))
}

/// Whether a use is left of the rule. A limit of 5 of which 5 are used needs 5 and has 5.
pub fn usage_limit(rule: &PriceRule, uses: Uses) -> Option<Failure> {
    let limit = rule.most_uses().filter(|limit| uses.in_all >= *limit)?;
    Some(failure("usage_limit", Measure::Count(limit), Measure::Count(uses.in_all)))
}

/// Whether the customer has not used the rule, where each may use it once.
pub fn once_per_customer(rule: &PriceRule, uses: Uses) -> Option<Failure> {
    let used = rule.once_per_customer && uses.by_customer > 0;
    used.then(|| failure("once_per_customer", Measure::Count(1), Measure::Count(uses.by_customer)))
}
