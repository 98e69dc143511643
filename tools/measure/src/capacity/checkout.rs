//! Pricing, claiming, using and releasing codes, in the shop of [`codes`](super::codes).

use serde_json::{Value, json};

use super::codes::{RULES, rules_of_round};
use crate::bench::Call;

const EVALUATE: &str = "/api/discounts/evaluate/";
const USE: &str = "/api/discounts/coupon_code/use/";
const RELEASE: &str = "/api/discounts/coupon_code/release/";

fn cart() -> Value {
    let line = |id: u64| json!({"id": id, "product_id": id % 10 + 1, "quantity": 2, "price": "19.99"});
    json!({"lines": (1..=100).map(line).collect::<Vec<_>>(), "shipping_price": "12.00"})
}

/// Returns the calls of a round. Code 2 is an unused code of coupon 1 and belongs to customer 15.
pub(super) fn operations(round: u64) -> Vec<Call> {
    let (code, customer, order) = ("coupon-100000002", 15, 2 * round + 1);
    let priced = |changes: Value| {
        let mut body = cart();
        for (name, value) in changes.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        ("POST", EVALUATE.to_owned(), Some(body))
    };
    let named = |name, (method, path, body): (&'static str, String, Option<Value>)| (name, method, path, body);
    let of_order = |order: u64, more: Value| {
        let mut body = json!({"codes": [code], "customer_id": customer, "order_id": order});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        ("POST", USE.to_owned(), Some(body))
    };
    let release = |order: u64| ("POST", RELEASE.to_owned(), Some(json!({"order_id": order})));
    let automatic =
        json!({"title": "measured", "value": "-1.00", "value_type": "fixed_amount", "automatic_discount": true});
    vec![
        ("price_rule, create an automatic one", "POST", RULES.to_owned(), Some(automatic)),
        named("evaluate, the automatic rules have changed", priced(json!({}))),
        named("evaluate", priced(json!({}))),
        named("evaluate, with a code and its customer", priced(json!({"codes": [code], "customer_id": customer}))),
        named("coupon_code, use for an order", of_order(order, json!({}))),
        named("coupon_code, release", release(order)),
        named("coupon_code, release again", release(order)),
        named(
            "coupon_code, use with a cart and a hold",
            of_order(order + 1, json!({"cart": cart(), "hold_seconds": 900})),
        ),
        named("coupon_code, release what was held", release(order + 1)),
        (
            "coupon, redeem",
            "POST",
            "/api/discounts/coupon/coupon-5/redeem/".to_owned(),
            Some(json!({"customer_id": 9 + round})),
        ),
        ("price_rule, delete an automatic one", "DELETE", format!("{RULES}{}/", rules_of_round(round)[2]), None),
    ]
}
