//! Predicates: the conditions of a rule, each named after its field, and the amount by which a cart misses them.

use chrono::{DateTime, Utc};

use crate::{
    evaluation::{Uses, cart::Cart},
    money::{Hundredths, Minor},
    price_rule::PriceRule,
};

/// A value that a predicate compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Number of units, lines or uses.
    Count(u64),
    /// Money in minor units.
    Amount(Minor),
    /// Point in time.
    Instant(DateTime<Utc>),
    /// Yes or no.
    Flag(bool),
}

/// A predicate that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// Name of the rule's field.
    pub predicate: &'static str,
    /// Value that the rule requires: a minimum, a maximum, a start or an end. For a limit: the limit itself.
    pub needs: Measure,
    /// Actual value. For a limit: the number of uses counted.
    pub has: Measure,
}

fn failure(predicate: &'static str, needs: Measure, has: Measure) -> Failure {
    Failure { predicate, needs, has }
}

/// Returns the prerequisites that a cart does not meet, in the order quantity, subtotal, shipping, ratio. `entitled`
/// are the indexes of the entitled lines, which alone count; `left` is the price that is left of each of them.
///
/// Three examples. A rule from 4 units on, with two entitled lines of 2 and 1 units: `prerequisite_quantity_range`
/// needs 4 and has 3. A rule from 100.00 on, after a discount of 10.00 on entitled lines of 105.00:
/// `prerequisite_subtotal_range` needs 100.00 and has 95.00. Buy 2, get 1, with 2 units in the cart: the ratio needs 3
/// and has 2.
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
        // Compare the price as it was sent; discounts of other rules do not count.
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

/// Returns a failure if the rule is disabled.
pub fn is_enabled(rule: &PriceRule) -> Option<Failure> {
    (!rule.is_enabled).then(|| failure("is_enabled", Measure::Flag(true), Measure::Flag(false)))
}

/// Returns a failure if the window of the rule has not started.
pub fn starts(rule: &PriceRule, at: DateTime<Utc>) -> Option<Failure> {
    let start = rule.starts_at.filter(|_| !rule.has_started(at))?;
    Some(failure("starts_at", Measure::Instant(start), Measure::Instant(at)))
}

/// Returns a failure if the window of the rule is over.
pub fn ends(rule: &PriceRule, at: DateTime<Utc>) -> Option<Failure> {
    let end = rule.ends_at.filter(|_| rule.has_ended(at))?;
    Some(failure("ends_at", Measure::Instant(end), Measure::Instant(at)))
}

/// Returns a failure if the rule entitles no line; it needs at least one.
pub fn target_selection(entitles: bool) -> Option<Failure> {
    (!entitles).then(|| failure("target_selection", Measure::Count(1), Measure::Count(0)))
}

/// Returns a failure if no use of the rule is left. A limit of 5 with 5 uses needs 5 and has 5.
pub fn usage_limit(rule: &PriceRule, uses: Uses) -> Option<Failure> {
    let limit = rule.most_uses().filter(|limit| uses.in_all >= *limit)?;
    Some(failure("usage_limit", Measure::Count(limit), Measure::Count(uses.in_all)))
}

/// Returns a failure if each customer may use the rule once and this customer has used it.
pub fn once_per_customer(rule: &PriceRule, uses: Uses) -> Option<Failure> {
    let used = rule.once_per_customer && uses.by_customer > 0;
    used.then(|| failure("once_per_customer", Measure::Count(1), Measure::Count(uses.by_customer)))
}
