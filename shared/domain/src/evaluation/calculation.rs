//! Amounts that a rule takes off its lines.

use crate::{
    evaluation::{
        allocation::{round_half_up, split},
        cart::Cart,
    },
    money::{Hundredths, Minor},
    price_rule::{AllocationMethod, PriceRule, Ratio, ValueType},
};

/// Hundredths of a percent in the whole (100 %).
const WHOLE: Minor = 10_000;

/// Returns the amount that a rule takes off each entitled line. The rule discounts lines, and all its predicates hold.
/// `left` holds the price of each entitled line after the rules before it. No share is above the price that is left of
/// its line.
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

/// Returns the number of times that a fixed amount `across` is given: once, or, if the rule accumulates, once for every
/// full multiple of its subtotal prerequisite. "Every 500, 100 off" on 1,700 gives 3 times 100 = 300.
fn multiples(rule: &PriceRule, subtotal: Minor) -> Minor {
    match rule.prerequisite_subtotal_range {
        Some(Hundredths(threshold)) if rule.accumulate && threshold > 0 => subtotal / Minor::from(threshold),
        _ => 1,
    }
}

/// Buy X, get Y. Counts the units on entitled lines whose price is not 0; every whole group of X + Y units discounts Y
/// units, at most `limit` times (0 means no limit). The cheapest units are discounted, by the price that is left of
/// them; ties go to the smaller line id, so the order of the lines does not matter. `value` is the discount on those
/// units, in hundredths of a percent.
///
/// Buy 2, get 1 free: 4 units at 10.00 and 2 at 30.00 make two groups, so two of the units at 10.00 are free.
fn of_ratio(ratio: Ratio, limit: u32, value: Minor, cart: &Cart, entitled: &[usize], left: &[Minor]) -> Vec<Minor> {
    let units = |index: usize| u64::from(cart.lines[entitled[index]].quantity);
    let mut eligible: Vec<usize> =
        (0..entitled.len()).filter(|index| cart.lines[entitled[*index]].price.0 > 0).collect();
    let groups = eligible.iter().map(|index| units(*index)).sum::<u64>() / ratio.group();
    let groups = if limit > 0 { groups.min(limit.into()) } else { groups };
    let mut given = groups * u64::from(ratio.entitled_quantity);
    // The price left of one unit is a fraction: left / units. Two fractions are compared by cross-multiplication.
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
