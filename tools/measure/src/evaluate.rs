//! The processor time of pricing a cart, without the store.

use std::{collections::BTreeMap, hint::black_box};

use crate::bench::processor_time;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};
use shared::{
    domain::{
        evaluation::{Candidate, evaluate},
        price_rule::PriceRule,
        shop::Shop,
    },
    http::body::Body as _,
    wire::{cart::CartInput, evaluation::EvaluationReply, price_rule_input::PriceRuleInput},
};

/// Returns a rule in one of many shapes, so that two hundred rules include every calculation.
fn rule(id: u64) -> PriceRule {
    let mut body = json!({
        "title": "measured", "value": "-1.50", "value_type": "percentage", "automatic_discount": true,
        "priority": id % 7, "target_selection": "entitled",
        "entitled_product_ids": (1..=40).map(|product| id * product % 97 + 1).collect::<Vec<_>>(),
        "entitled_collection_ids": (1..=10).map(|collection| id * collection % 53 + 1).collect::<Vec<_>>(),
    });
    match id % 5 {
        0 => body["allocation_method"] = "each".into(),
        1 => body["value_type"] = "fixed_amount".into(),
        2 => {
            body["allocation_method"] = "each".into();
            body["prerequisite_to_entitlement_quantity_ratio"] =
                json!({"prerequisite_quantity": 3, "entitled_quantity": 1});
        }
        3 => body["prerequisite_subtotal_range"] = json!({"greater_than_or_equal_to": "100.00"}),
        _ => body["target_selection"] = "all".into(),
    }
    let rule = PriceRuleInput::parse(&body, Shop::DEFAULT_ZONE).expect("a rule");
    PriceRule { id, ..rule }
}

fn body(lines: u64) -> Value {
    let line = |id: u64| {
        json!({
            "id": id, "product_id": id * 31 % 97 + 1, "collection_ids": [id % 53 + 1, id % 29 + 1],
            "category_ids": [id % 11 + 1], "vendor_title": "vendor", "quantity": id % 4 + 1, "price": format!("{}.99", 9 + id),
        })
    };
    json!({"lines": (1..=lines).map(line).collect::<Vec<_>>(), "shipping_price": "12.00"})
}

/// Returns the nanoseconds of one run, as the average of `times` runs.
fn nanoseconds(times: u64, mut work: impl FnMut()) -> u64 {
    work();
    let before = processor_time();
    for _ in 0..times {
        work();
    }
    (processor_time() - before) / times
}

/// Returns the nanoseconds of processor time of one evaluation, and of the whole path from the text of the request to
/// the text of the reply. The cart has `lines` lines, there are `rules` automatic rules, and both are averages of
/// `times` runs.
pub(crate) fn price(lines: u64, rules: u64, times: u64) -> (u64, u64) {
    let candidates: Vec<_> = (1..=rules).map(|id| Candidate::new(rule(id))).collect();
    let (text, uses) = (body(lines).to_string(), BTreeMap::new());
    let sent = CartInput::parse(&body(lines), Tz::UTC).expect("a cart");
    let now = DateTime::<Utc>::UNIX_EPOCH;
    let alone = nanoseconds(times, || {
        black_box(evaluate(black_box(&sent), &candidates, now, &uses));
    });
    let whole = nanoseconds(times, || {
        let body: Value = serde_json::from_str(black_box(&text)).expect("JSON");
        let cart = CartInput::parse(&body, Tz::UTC).expect("a cart");
        let evaluation = evaluate(&cart, &candidates, now, &uses);
        let reply = EvaluationReply::new(&evaluation, Vec::new(), Shop::DEFAULT_ZONE);
        black_box(serde_json::to_string(&reply).expect("JSON"));
    });
    (alone, whole)
}

/// Prints the processor time of pricing carts. `times` is the number of runs for 100 lines with 200 rules.
pub(crate) fn run(times: u64) {
    println!("| lines | automatic rules | evaluation, us | with JSON in and out, us |\n|---:|---:|---:|---:|");
    for (lines, rules) in [(10, 20), (100, 200), (500, 200), (100, 10_000)] {
        let (alone, whole) = price(lines, rules, (times * 20_000 / (lines * rules)).max(3));
        println!("| {lines} | {rules} | {} | {} |", alone / 1_000, whole / 1_000);
    }
}
