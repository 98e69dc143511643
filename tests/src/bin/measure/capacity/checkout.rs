//! Pricing, claiming, using and releasing, in the shop of [`codes`](super::codes).

use serde_json::{Value, json};

use super::Call;

const EVALUATE: &str = "/api/discounts/evaluate/";
const USE: &str = "/api/discounts/coupon_code/use/";
const RELEASE: &str = "/api/discounts/coupon_code/release/";

fn cart() -> Value {
    let line = |id: u64| json!({"id": id, "product_id": id % 10 + 1, "quantity": 2, "price": "19.99"});
    json!({"lines": (1..=100).map(line).collect::<Vec<_>>(), "shipping_price": "12.00"})
}

/// What is measured of it. The code 2 is an unused one of the coupon 1, and the customer 15's.
pub(super) fn operations() -> Vec<Call> {
    let (code, customer) = ("coupon-100000002", 15);
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
        ("price_rule, create an automatic one", "POST", "/api/discounts/price_rule/".to_owned(), Some(automatic)),
        named("evaluate, the automatic rules have changed", priced(json!({}))),
        named("evaluate", priced(json!({}))),
        named("evaluate, with a code and its customer", priced(json!({"codes": [code], "customer_id": customer}))),
        named("coupon_code, use for an order", of_order(1, json!({}))),
        named("coupon_code, release", release(1)),
        named("coupon_code, release again", release(1)),
        named("coupon_code, use with a cart and a hold", of_order(2, json!({"cart": cart(), "hold_seconds": 900}))),
        named("coupon_code, release what was held", release(2)),
        (
            "coupon, redeem",
            "POST",
            "/api/discounts/coupon/coupon-5/redeem/".to_owned(),
            Some(json!({"customer_id": 9})),
        ),
    ]
}
