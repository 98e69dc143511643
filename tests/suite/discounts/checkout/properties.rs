//! Properties of every cart under every set of rules.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    evaluation::{
        Candidate, Evaluation,
        allocation::{round_half_up, split},
        cart::{Cart, Line},
        evaluate,
    },
    money::{Hundredths, Minor},
    price_rule::{AllocationMethod, PriceRule, Ratio, TargetSelection, TargetType, ValueType},
};
use proptest::prelude::*;
use shared::{http::body::Body as _, wire::price_rule_input::PriceRuleInput};

fn rule(id: u64) -> PriceRule {
    let body = serde_json::json!({"title": "rule", "value": "-1.00", "value_type": "fixed_amount", "automatic_discount": true});
    let rule = PriceRuleInput::parse(&body, domain::shop::Shop::DEFAULT_ZONE).expect("a rule");
    PriceRule { id, ..rule }
}

/// The number of products in random rules and carts. It is small so that entitlements overlap.
const PRODUCTS: u64 = 5;

fn some_rule() -> impl Strategy<Value = PriceRule> {
    let kinds = (any::<bool>(), any::<bool>(), any::<bool>(), 0u8..8, any::<bool>());
    let numbers = (-3i32..3, 1i64..=10_000, 1u32..4, 1u32..4, 0u32..3);
    let asks = (proptest::option::of(0u32..12), proptest::option::of(1i64..30_000), proptest::option::of(0i64..2_000));
    let products = proptest::collection::vec(1..=PRODUCTS, 1..3);
    (kinds, numbers, asks, products).prop_map(|(kinds, numbers, asks, products)| {
        let (percentage, each, entitled, special, accumulate) = kinds;
        let (priority, value, buy, get, limit) = numbers;
        let mut rule = PriceRule {
            priority,
            value: Hundredths(-value),
            value_type: if percentage { ValueType::Percentage } else { ValueType::FixedAmount },
            allocation_method: if each { AllocationMethod::Each } else { AllocationMethod::Across },
            accumulate,
            prerequisite_quantity_range: asks.0,
            prerequisite_subtotal_range: asks.1.map(Hundredths),
            allocation_limit: limit,
            ..rule(0)
        };
        if entitled || special == 0 {
            rule.target_selection = TargetSelection::Entitled;
            rule.entitled_product_ids = Some(products);
        }
        if special < 2 {
            (rule.value_type, rule.allocation_method) = (ValueType::Percentage, AllocationMethod::Each);
        }
        if special == 0 {
            let ratio = Ratio { prerequisite_quantity: buy, entitled_quantity: get };
            rule.prerequisite_to_entitlement_quantity_ratio = Some(ratio);
            (rule.prerequisite_quantity_range, rule.prerequisite_subtotal_range) = (None, None);
        }
        if special == 1 {
            (rule.target_type, rule.value) = (TargetType::ShippingLine, Hundredths(-10_000));
            rule.prerequisite_shipping_price_range = asks.2.map(Hundredths);
        }
        assert_eq!(rule.breaches(), [], "{rule:?}");
        rule
    })
}

fn some_rules() -> impl Strategy<Value = Vec<Candidate>> {
    proptest::collection::vec(some_rule(), 0..7)
        .prop_map(|rules| (1..).zip(rules).map(|(id, rule)| Candidate::new(PriceRule { id, ..rule })).collect())
}

fn some_cart() -> impl Strategy<Value = Cart> {
    let price = prop_oneof![1 => Just(0i64), 6 => 1i64..20_000, 1 => 1i64..5];
    let lines = proptest::collection::vec((1..=PRODUCTS, 1u32..6, price), 0..9);
    (lines, 0i64..2_000).prop_map(|(lines, shipping)| Cart {
        lines: (1..).zip(lines).map(|(id, (product, quantity, price))| line(id, product, quantity, price)).collect(),
        shipping_price: Hundredths(shipping),
    })
}

fn line(id: u64, product: u64, quantity: u32, price: i64) -> Line {
    Line {
        id,
        product_id: Some(product),
        collection_ids: Vec::new(),
        category_ids: Vec::new(),
        vendor_title: None,
        quantity,
        price: Hundredths(price),
    }
}

fn priced<'a>(cart: &Cart, rules: impl IntoIterator<Item = &'a Candidate>) -> Evaluation {
    evaluate(cart, rules, DateTime::<Utc>::UNIX_EPOCH, &BTreeMap::new())
}

/// Returns the amount that a rule took off all lines.
fn taken(evaluation: &Evaluation, rule: u64) -> Minor {
    let shares = evaluation.lines.iter().flat_map(|line| &line.allocations);
    shares.filter(|share| share.price_rule_id == rule).map(|share| share.amount).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shares_sum_to_what_the_rule_took_and_no_line_falls_below_zero(cart in some_cart(), rules in some_rules()) {
        let evaluation = priced(&cart, &rules);
        for (line, sent) in evaluation.lines.iter().zip(&cart.lines) {
            let shares: Minor = line.allocations.iter().map(|share| share.amount).sum();
            prop_assert!(line.final_price >= 0);
            prop_assert_eq!((line.id, line.total_price), (sent.id, sent.total_price()));
            prop_assert_eq!(line.total_price - shares, line.final_price);
            prop_assert!(line.allocations.iter().all(|share| share.amount > 0));
        }
        prop_assert!(evaluation.shipping_discount == 0 || evaluation.shipping_discount == evaluation.shipping_price);
        let mut shipping = 0;
        for outcome in &evaluation.rules {
            let of_lines = taken(&evaluation, outcome.price_rule_id);
            shipping += outcome.amount - of_lines;
            prop_assert!(outcome.amount == 0 || outcome.failed.is_empty());
        }
        prop_assert_eq!(shipping, evaluation.shipping_discount);
    }

    #[test]
    fn the_order_of_the_rules_as_they_come_does_not_matter(cart in some_cart(), rules in some_rules()) {
        let once = priced(&cart, &rules);
        prop_assert_eq!(&once, &priced(&cart, &rules));
        prop_assert_eq!(&once, &priced(&cart, rules.iter().rev()));
    }

    #[test]
    fn a_rule_that_does_not_apply_changes_nothing(cart in some_cart(), rules in some_rules()) {
        let all = priced(&cart, &rules);
        let applied: Vec<_> = all.applied().map(|outcome| outcome.price_rule_id).collect();
        let without = priced(&cart, rules.iter().filter(|candidate| applied.contains(&candidate.rule.id)));
        prop_assert_eq!(&all.lines, &without.lines);
        prop_assert_eq!(all.shipping_discount, without.shipping_discount);
    }

    #[test]
    fn a_fixed_amount_across_never_passes_its_value(cart in some_cart(), rules in some_rules()) {
        let evaluation = priced(&cart, &rules);
        for Candidate { rule, .. } in &rules {
            let fixed = rule.value_type == ValueType::FixedAmount && rule.allocation_method == AllocationMethod::Across;
            if fixed && !rule.accumulate {
                prop_assert!(taken(&evaluation, rule.id) <= -Minor::from(rule.value));
            }
        }
    }

    #[test]
    fn where_no_remainders_tie_permuted_lines_give_the_permuted_result(
        lines in proptest::collection::vec((1..=PRODUCTS, 1u32..6, 0i64..20_000), 1..9),
        value in 1i64..10_000,
        percentage in any::<bool>(),
        turn in 0usize..9,
    ) {
        let cart = Cart {
            lines: (1..).zip(&lines).map(|(id, (product, quantity, price))| line(id, *product, *quantity, *price)).collect(),
            shipping_price: Hundredths(0),
        };
        let value_type = if percentage { ValueType::Percentage } else { ValueType::FixedAmount };
        let across = [Candidate::new(PriceRule { value: Hundredths(-value), value_type, ..rule(1) })];
        let sum: Minor = cart.lines.iter().map(Line::total_price).sum();
        let total = taken(&priced(&cart, &across), 1);
        let mut remainders: Vec<_> = cart.lines.iter().map(|line| (total * line.total_price()).checked_rem(sum)).collect();
        remainders.sort_unstable();
        remainders.dedup();
        prop_assume!(remainders.len() == cart.lines.len());
        let mut turned = cart.clone();
        turned.lines.rotate_left(turn % cart.lines.len());
        let mut straight = priced(&cart, &across).lines;
        straight.rotate_left(turn % cart.lines.len());
        prop_assert_eq!(straight, priced(&turned, &across).lines);
    }

    #[test]
    fn a_ratio_and_each_do_not_look_at_the_order_of_the_lines(
        cart in some_cart(), rules in some_rules(), turn in 0usize..9,
    ) {
        let each: Vec<_> = rules.into_iter().filter(|candidate| candidate.rule.allocation_method == AllocationMethod::Each).collect();
        let mut turned = cart.clone();
        let by = turn % cart.lines.len().max(1);
        turned.lines.rotate_left(by);
        let mut straight = priced(&cart, &each).lines;
        straight.rotate_left(by);
        prop_assert_eq!(straight, priced(&turned, &each).lines);
    }

    #[test]
    fn a_split_is_the_nearest_that_sums(weights in proptest::collection::vec(0i128..1_000_000, 1..30), part in 0i128..=1_000) {
        let sum: Minor = weights.iter().sum();
        let total = round_half_up(sum, part, 1_000);
        let shares = split(total, &weights);
        prop_assert_eq!(shares.iter().sum::<Minor>(), total);
        for (share, weight) in shares.iter().zip(&weights) {
            prop_assert!(*share <= *weight);
            let exact = total * weight;
            prop_assert!(share * sum > exact - sum && share * sum < exact + sum || sum == 0);
        }
    }

    #[test]
    fn rounding_is_half_up(a in 0i128..1_000_000_000_000, b in 0i128..10_000, c in 1i128..1_000_000) {
        let rounded = round_half_up(a, b, c);
        prop_assert!(2 * rounded * c <= 2 * a * b + c && 2 * a * b + c < 2 * (rounded + 1) * c);
    }
}
