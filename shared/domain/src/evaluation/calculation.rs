//! What a rule takes off its lines.

use super::{
    allocation::{round_half_up, split},
    cart::Cart,
};
use crate::domain::{
    money::{Hundredths, Minor},
    price_rule::{AllocationMethod, PriceRule, Ratio, ValueType},
};

/// Hundredths of a percent in the whole.
const WHOLE: Minor = 10_000;

/// What a rule for lines, whose predicates all hold, takes off each entitled line; `left` is what the rules before it have
/// left of them. No share is above what is left of its line.
pub fn shares(rule: &PriceRule, cart: &Cart, entitled: &[usize], left: &[Minor]) -> Vec<Minor> {
    let value = -Minor::from(rule.value);
    if let Some(ratio) = rule.prerequisite_to_entitlement_quantity_ratio {
        return of_ratio(ratio, rule.allocation_limit, value, cart, entitled, left);
    }
    match (rule.allocation_method, rule.value_type) {
        (AllocationMethod::Across, ValueType::Percentage) => {
            split(round_half_up(left.iter().sum(), value, WHOLE), left)
        }
        (AllocationMethod::Across, ValueType::FixedAmount) => {
            let left_in_all: Minor = left.iter().sum();
            split((value * multiples(rule, left_in_all)).min(left_in_all), left)
        }
        (AllocationMethod::Each, ValueType::Percentage) => {
            left.iter().map(|left| round_half_up(*left, value, WHOLE)).collect()
        }
        (AllocationMethod::Each, ValueType::FixedAmount) => {
            let each = |(line, left): (&usize, &Minor)| (value * Minor::from(cart.lines[*line].quantity)).min(*left);
            entitled.iter().zip(left).map(each).collect()
        }
    }
}

/// How often a fixed amount `across` counts: once, or, where it accumulates, once for every full multiple of its subtotal
/// prerequisite. "Every 500, 100 off" on 1,700: 3 times, 300.
fn multiples(rule: &PriceRule, subtotal: Minor) -> Minor {
    match rule.prerequisite_subtotal_range {
        Some(Hundredths(threshold)) if rule.accumulate && threshold > 0 => subtotal / Minor::from(threshold),
        _ => 1,
    }
}

/// Buy X, get Y: of the units on entitled lines whose price is not 0 every whole group of X + Y gives Y units, at most
/// `limit` times (0 is no limit). The cheapest units are the ones, by what is left of them, ties by the smaller id of the
/// line; so the order of the lines does not matter. `value` is the discount on those units, in hundredths of a percent.
///
/// Buy 2, get 1 free: 4 units at 10.00 and 2 at 30.00 are two groups, which give two of the units at 10.00.
fn of_ratio(ratio: Ratio, limit: u32, value: Minor, cart: &Cart, entitled: &[usize], left: &[Minor]) -> Vec<Minor> {
    let units = |index: usize| u64::from(cart.lines[entitled[index]].quantity);
    let mut eligible: Vec<usize> =
        (0..entitled.len()).filter(|index| cart.lines[entitled[*index]].price.0 > 0).collect();
    let groups = eligible.iter().map(|index| units(*index)).sum::<u64>() / ratio.group();
    let groups = if limit > 0 { groups.min(limit.into()) } else { groups };
    let mut given = groups * u64::from(ratio.entitled_quantity);
    // What is left of a unit is a fraction: left / units. Two are compared crosswise.
    eligible.sort_by(|one, other| {
        let crosswise = (left[*one] * Minor::from(units(*other))).cmp(&(left[*other] * Minor::from(units(*one))));
        crosswise.then_with(|| cart.lines[entitled[*one]].id.cmp(&cart.lines[entitled[*other]].id))
    });
    let mut shares = vec![0; entitled.len()];
    for index in eligible {
        let of_line = units(index).min(given);
        given -= of_line;
        shares[index] = round_half_up(left[index] * Minor::from(of_line), value, WHOLE * Minor::from(units(index)));
    }
    shares
}
