//! `Idempotency-Key` on every call that changes something. The calls come from the description, so that none is left
//! out.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Api, Reply};

use crate::support::{ACCOUNTS, ADJUST, HISTORY, LEVELS, ORDERS, REDEEM, customer, one};

const REPLAYED: &str = "idempotent-replayed";

/// A call on the demo data: its name in the description, method, path, body and status.
struct Call {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    body: Value,
    status: u16,
}

fn calls() -> Vec<Call> {
    let call = |name, method, path, body, status| Call { name, method, path, body, status };
    let rule = json!({"title": "x", "value": "-1.00", "value_type": "fixed_amount"});
    let order = json!({"customer": {"id": 123}, "financial_status": "paid", "paid_price": "20.00"});
    vec![
        call("level_create", "POST", LEVELS, json!({"title": "x", "gain_points": 0.5}), 201),
        call("level_update", "PUT", "/api/loyalty/level/8/", json!({"title": "x", "sign_points": 3}), 200),
        call("point_history_adjust", "POST", ADJUST, json!({"customer_id": 123, "points": 5}), 201),
        call("point_history_sign", "POST", "/api/loyalty/point_history/sign/", json!({"customer_id": 123}), 201),
        call("point_history_redeem", "POST", REDEEM, json!({"customer_id": 123, "points": 300}), 201),
        call(
            "point_history_refund",
            "POST",
            "/api/loyalty/point_history/refund/",
            json!({"point_history_id": 92_922}),
            201,
        ),
        call("order_put", "PUT", "/api/orders/order/900/", order, 201),
        call("customer_put", "PUT", "/api/crm/customer/777/", customer("13700000000"), 201),
        call("customer_import", "POST", "/api/crm/customer/", json!([{"id": 778}, {"id": 779}]), 201),
        call("price_rule_create", "POST", "/api/discounts/price_rule/", rule.clone(), 201),
        call("price_rule_update", "PUT", "/api/discounts/price_rule/5389/", rule.clone(), 200),
        call(
            "coupon_create",
            "POST",
            "/api/discounts/coupon/",
            json!({"code_prefix": "once", "price_rule": rule}),
            201,
        ),
        call(
            "coupon_code_issue",
            "POST",
            "/api/discounts/coupon_code/",
            json!([{"customer_id": 123, "coupon_id": 987}, {"customer_id": 22_750, "coupon_id": 987}]),
            201,
        ),
        call("coupon_redeem", "POST", "/api/discounts/coupon/jB7nNJPb/redeem/", json!({"customer_id": 50_784}), 201),
        call(
            "coupon_code_use",
            "POST",
            "/api/discounts/coupon_code/use/",
            json!({"codes": ["jB7nNJPbf16adc"], "customer_id": 123, "order_id": 901}),
            200,
        ),
        call("coupon_code_release", "POST", "/api/discounts/coupon_code/release/", json!({"order_id": 901}), 200),
        call("coupon_code_update", "PUT", "/api/discounts/coupon_code/27518/", json!({"status": "used"}), 200),
    ]
}

/// Creates the demo shop with redeemable points and a redemption 92922 that can be refunded.
async fn prepared() -> Api {
    let api = Api::without_faults(true).await;
    api.put("/api/loyalty/level/5/", &json!({"title": "初级会员", "redeem_points": 100})).await.assert_status(200);
    api.post(ADJUST, &json!({"customer_id": 123, "points": 500})).await.assert_status(201);
    let redemption = api.post(REDEEM, &json!({"customer_id": 123, "points": 200})).await;
    assert_eq!(redemption.assert_status(201)["id"], 92_922);
    api
}

/// Returns all lists that a call could have changed.
async fn everything(api: &Api) -> Vec<String> {
    let paths = [
        LEVELS.to_owned(),
        HISTORY.to_owned(),
        one(ACCOUNTS, 123),
        one(ORDERS, 900),
        "/api/crm/customer/".to_owned(),
        "/api/discounts/price_rule/".to_owned(),
        "/api/discounts/coupon/".to_owned(),
        "/api/discounts/coupon_code/".to_owned(),
    ];
    join_all(paths.iter().map(|path| api.get(path))).await.into_iter().map(|reply| reply.text).collect()
}

/// Returns the number of rows of all lists.
async fn rows(api: &Api) -> u64 {
    let lists = everything(api).await;
    let count = |text: &String| serde_json::from_str::<Value>(text).expect("JSON")["count"].as_u64().unwrap_or(0);
    lists.iter().map(count).sum()
}

#[track_caller]
fn is_replay(reply: &Reply, first: &Reply, name: &str) {
    assert_eq!((reply.status, &reply.text), (first.status, &first.text), "{name}");
    assert_eq!(reply.header(REPLAYED), "true", "{name}");
}

#[test]
fn no_call_that_changes_something_is_left_out() {
    let description = serde_json::to_value(openapi::description()).expect("a description");
    let paths = description["paths"].as_object().expect("paths");
    let operations = paths.values().flat_map(|path| ["post", "put"].map(|method| &path[method]));
    let described = operations.filter_map(|operation| operation["operationId"].as_str());
    // Pricing changes nothing.
    let described: BTreeSet<_> = described.filter(|name| *name != "evaluate").collect();
    assert_eq!(calls().iter().map(|call| call.name).collect::<BTreeSet<_>>(), described);
}

#[tokio::test]
async fn every_call_is_replayed_and_its_key_is_taken() {
    let api = prepared().await;
    for Call { name, method, path, body, status } in calls() {
        let first = api.keyed(method, path, name, &body).await;
        assert_eq!((first.status, first.header(REPLAYED)), (status, ""), "{name}: {}", first.text);
        let after = everything(&api).await;
        for _ in 0..2 {
            is_replay(&api.keyed(method, path, name, &body).await, &first, name);
        }
        let other = if method == "POST" { "PUT" } else { "POST" };
        let other_path = if path == LEVELS { ADJUST } else { LEVELS };
        for (method, path, body) in [
            (method, path, json!({"other": 1})),
            (method, path, json!([])),
            ("POST", other_path, body.clone()),
            (other, "/api/loyalty/level/9/", body.clone()),
        ] {
            let reply = api.keyed(method, path, name, &body).await;
            // A method that the path does not have is refused before the key is checked.
            let expected = if method == "POST" && path == "/api/loyalty/level/9/" { 405 } else { 422 };
            assert_eq!(reply.status, expected, "{name}: {method} {path}: {}", reply.text);
        }
        assert_eq!(everything(&api).await, after, "{name}");
        is_replay(&api.keyed(method, path, name, &body).await, &first, name);
    }
}

#[tokio::test]
async fn ten_of_every_call_at_once_have_one_effect_and_one_body() {
    let (alone, together) = (prepared().await, prepared().await);
    for Call { name, method, path, body, status } in calls() {
        let before = (rows(&alone).await, rows(&together).await);
        alone.keyed(method, path, name, &body).await.assert_status(status);
        let replies = join_all((0..10).map(|_| together.keyed(method, path, name, &body))).await;
        let (done, busy): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == status);
        assert!(busy.iter().all(|reply| reply.status == 409 && !reply.header("retry-after").is_empty()), "{busy:?}");
        assert_eq!(done.iter().filter(|reply| reply.header(REPLAYED).is_empty()).count(), 1, "{name}: {done:?}");
        assert!(done.iter().all(|reply| reply.text == done[0].text), "{name}: {done:?}");
        is_replay(&together.keyed(method, path, name, &body).await, done[0], name);
        assert_eq!(rows(&together).await - before.1, rows(&alone).await - before.0, "{name}");
        let account = async |api: &Api| api.get(&one(ACCOUNTS, 123)).await.assert_status(200);
        let (one_account, other_account) = (account(&alone).await, account(&together).await);
        assert_eq!(one_account["points"], other_account["points"], "{name}");
    }
}

#[tokio::test]
async fn refusals_are_not_kept() {
    let api = prepared().await;
    let redeem = json!({"customer_id": 123, "points": 400});
    assert_eq!(api.keyed("POST", REDEEM, "k", &redeem).await.status, 400);
    api.post(ADJUST, &json!({"customer_id": 123, "points": 100})).await.assert_status(201);
    let first = api.keyed("POST", REDEEM, "k", &redeem).await;
    assert_eq!((first.status, first.header(REPLAYED)), (201, ""));
    let order = json!({"customer": {"id": 9_999}});
    assert_eq!(api.keyed("PUT", &one(ORDERS, 901), "l", &order).await.status, 400);
    api.put("/api/crm/customer/9999/", &json!({})).await.assert_status(201);
    assert_eq!(api.keyed("PUT", &one(ORDERS, 901), "l", &order).await.status, 201);
}

#[tokio::test]
async fn an_ignored_snapshot_is_replayed_too_and_a_day_later_the_key_is_free() {
    let api = prepared().await;
    let at = |second: u32| json!({"updated_at": format!("2026-01-01T00:00:{second:02}Z")});
    api.put(&one(ORDERS, 901), &at(30)).await.assert_status(201);
    let ignored = api.keyed("PUT", &one(ORDERS, 901), "k", &at(20)).await;
    assert_eq!((ignored.status, ignored.header(REPLAYED)), (200, ""));
    api.put(&one(ORDERS, 901), &at(40)).await.assert_status(200);
    is_replay(&api.keyed("PUT", &one(ORDERS, 901), "k", &at(20)).await, &ignored, "ignored");
    api.server.clock.advance(chrono::Duration::hours(25));
    let anew = api.keyed("PUT", &one(ORDERS, 901), "k", &at(20)).await;
    assert_eq!((anew.header(REPLAYED), &anew.json()["updated_at"]), ("", &json!("2026-01-01T00:00:40Z")));
}
