//! The conformance vectors against the pure function and over HTTP.

use std::collections::BTreeMap;

use crate::support::{
    COUPONS, EVALUATE, RULES,
    discounts::{coupon_on, give, issued, shop_of, with},
    id, one,
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::{
    evaluation::{Candidate, evaluate},
    price_rule::PriceRule,
    shop::Shop,
};
use serde_json::{Value, json};
use shared::{
    http::body::Body as _,
    wire::{cart::CartInput, evaluation::EvaluationReply, price_rule_input::PriceRuleInput},
};
use tests::{
    Api,
    vectors::{Vector, all},
};

/// Prices a vector by the pure function, with its rules numbered from 1.
fn priced(vector: &Vector) -> Value {
    let zone = Shop::DEFAULT_ZONE;
    let candidate = |(id, (_, _, body)): (u64, &(String, bool, Value))| {
        let rule = PriceRuleInput::parse(body, zone).unwrap_or_else(|error| panic!("{}: {error:?}", vector.name));
        Candidate::new(PriceRule { id, ..rule })
    };
    let candidates: Vec<_> = (1..).zip(&vector.rules).map(candidate).collect();
    let at = vector.cart["at"].as_str().map_or_else(Utc::now, |at| at.parse::<DateTime<Utc>>().expect("an instant"));
    let cart = CartInput::parse(&vector.cart, Tz::UTC).unwrap_or_else(|error| panic!("{}: {error:?}", vector.name));
    let evaluation = evaluate(&cart, &candidates, at, &BTreeMap::new());
    serde_json::to_value(EvaluationReply::new(&evaluation, Vec::new(), zone)).expect("JSON")
}

/// Asserts that the sums of a reply follow from its lines and its shipping.
#[track_caller]
pub(crate) fn sums_agree(reply: &Value) {
    let fen = |value: &Value| value.as_str().expect("an amount").replace('.', "").parse::<i128>().expect("two places");
    let (mut total, mut discount, mut left) = (0, 0, 0);
    for line in reply["lines"].as_array().expect("lines") {
        let shares: i128 =
            line["allocations"].as_array().expect("shares").iter().map(|share| fen(&share["amount"])).sum();
        assert_eq!(fen(&line["total_discount"]), shares, "{reply}");
        assert_eq!(fen(&line["total_price"]) - shares, fen(&line["final_price"]), "{reply}");
        assert!(fen(&line["final_price"]) >= 0, "{reply}");
        total += fen(&line["total_price"]);
        discount += shares;
        left += fen(&line["final_price"]);
    }
    let shipping = &reply["shipping"];
    assert_eq!(fen(&shipping["price"]) - fen(&shipping["discount"]), fen(&shipping["final_price"]), "{reply}");
    let totals = &reply["totals"];
    assert_eq!((fen(&totals["total_price"]), fen(&totals["total_discount"])), (total, discount), "{reply}");
    assert_eq!(fen(&totals["final_price"]), left + fen(&shipping["final_price"]), "{reply}");
    let by_rules: i128 = reply["rules"].as_array().expect("rules").iter().map(|rule| fen(&rule["amount"])).sum();
    assert_eq!(by_rules, discount + fen(&shipping["discount"]), "{reply}");
}

#[test]
fn the_pure_function_keeps_every_vector() {
    let vectors = all();
    assert!(vectors.len() >= 100, "{}", vectors.len());
    for vector in vectors {
        let reply = priced(&vector);
        sums_agree(&reply);
        let name = |id: u64| vector.rules[usize::try_from(id).expect("an index") - 1].0.clone();
        let observed = vector.observed(&reply, name);
        assert_eq!(observed.to_string(), vector.expected.to_string(), "{}", vector.name);
    }
}

/// Creates the rules of a vector and a coupon for each code, prices the cart, and deletes the rules.
async fn priced_over_http(api: &Api, vector: &Vector, number: usize) -> Value {
    let (mut names, mut codes, mut coupons) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (name, by_code, body) in &vector.rules {
        let rule = id(&api.post(RULES, body).await);
        if *by_code {
            let coupon = coupon_on(api, &format!("v{number}{name}"), rule).await;
            codes.push(issued(&give(api, coupon, [1]).await)[0]["code"].clone());
            coupons.push(coupon);
        }
        names.insert(rule, name.clone());
    }
    let request = with(vector.cart.clone(), &json!({"codes": codes, "customer_id": 1}));
    let reply = api.post(EVALUATE, &request).await.assert_status(200);
    sums_agree(&reply);
    for coupon in coupons {
        api.delete(&one(COUPONS, coupon)).await.assert_status(204);
    }
    for rule in names.keys() {
        api.delete(&one(RULES, rule)).await.assert_status(204);
    }
    vector.observed(&reply, |rule| names[&rule].clone())
}

#[tokio::test]
async fn the_api_keeps_every_vector() {
    let api = shop_of(1).await;
    for (number, vector) in all().into_iter().enumerate() {
        let observed = priced_over_http(&api, &vector, number).await;
        assert_eq!(observed.to_string(), vector.expected.to_string(), "{}", vector.name);
    }
}
