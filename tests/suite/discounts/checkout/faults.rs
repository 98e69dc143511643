//! Concurrent claims, uses and releases over a store on which one call in five fails: each takes effect once, and every
//! count is exact.

use crate::support::{
    CODES, COUPONS, EVALUATE, RELEASE, RULES, USE,
    discounts::{nested, rule, shop_of},
    faults::{again, hostile, read},
    id, one,
};
use domain::shop::ShopId;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shop::discounts::{
    codes::rows::{CODES as LIST, OF_COUPON},
    counters::{self, Counter},
};
use store::pages::bulk;
use tests::Api;

fn shop() -> ShopId {
    "demo".parse().expect("a shop")
}

async fn uses(api: &Api, rule: u64) -> i64 {
    counters::read(&api.server.store, &shop(), Counter::UsesOf(rule)).await.expect("shards").quota.count()
}

#[tokio::test]
async fn claims_uses_and_releases_are_exact_over_a_hostile_store() {
    let (api, hostile) = hostile(16, 21).await;
    let limits = json!({"allocation_limit": 12, "usage_limit": 7, "once_per_customer": true});
    let made = again(&api, "POST", COUPONS, "coupon", &nested("spring", &limits)).await;
    let (coupon, rule) = (id(&made), made.json()["price_rule_id"].as_u64().expect("an id"));
    let claim = async |customer: u64| {
        let path = format!("{COUPONS}spring/redeem/");
        let reply = again(&api, "POST", &path, &format!("claim-{customer}"), &json!({"customer_id": customer})).await;
        assert!([201, 409].contains(&reply.status), "{}", reply.text);
        (reply.status == 201).then(|| (customer, reply.json()["code"].clone()))
    };
    let claimed: Vec<(u64, Value)> = join_all((1..=16).map(claim)).await.into_iter().flatten().collect();
    assert_eq!(claimed.len(), 12);
    let shown = read(&api, &one(COUPONS, coupon)).await;
    assert_eq!((&shown["redeem_count"], &shown["used_count"]), (&json!(12), &json!(0)));
    for round in 0..2 {
        let used = claimed.iter().map(async |(customer, code)| {
            let order = round * 100 + customer;
            let body = json!({"codes": [code], "customer_id": customer, "order_id": order});
            let status = again(&api, "POST", USE, &format!("use-{order}"), &body).await.status;
            assert!([200, 409].contains(&status), "{status}");
            (status == 200).then_some(order)
        });
        let orders: Vec<u64> = join_all(used).await.into_iter().flatten().collect();
        assert_eq!((orders.len(), uses(&api, rule).await), (7, 7));
        assert_eq!(read(&api, &format!("{CODES}?status=used")).await["count"], 7);
        let released = orders.iter().map(async |order| {
            let body = json!({"order_id": order});
            again(&api, "POST", RELEASE, &format!("release-{order}"), &body).await.assert_status(200)["count"].clone()
        });
        assert!(join_all(released).await.iter().all(|count| *count == 1));
        assert_eq!(read(&api, &format!("{CODES}?status=unused")).await["count"], 12);
        assert_eq!((uses(&api, rule).await, &read(&api, &one(COUPONS, coupon)).await["used_count"]), (0, &json!(0)));
    }
    for list in [LIST, OF_COUPON.of(coupon)] {
        assert_eq!(bulk::verify(&api.server.store, &shop(), &list).await.expect("verified"), (12, 12));
    }
    assert!(hostile.injected() > 0);
}

#[tokio::test]
async fn automatic_rules_are_counted_exactly_under_any_race() {
    let api = shop_of(12).await;
    let automatic = json!({"automatic_discount": true, "usage_limit": 5, "once_per_customer": true, "value": "-1.00"});
    let automatic = id(&api.post(RULES, &rule(&automatic)).await);
    let cart = json!({"lines": [{"id": 1, "quantity": 1, "price": "50.00"}]});
    // Each customer has two orders. A rule that no longer applies does not refuse an order.
    let orders = (0..24u64).map(async |order| {
        let body = json!({"codes": [], "customer_id": order / 2 + 1, "order_id": order + 1, "cart": cart});
        api.post(USE, &body).await.status
    });
    let statuses = join_all(orders).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(uses(&api, automatic).await, 5);
    let released = (1..=24u64).map(async |order| api.post(RELEASE, &json!({"order_id": order})).await.status);
    assert!(join_all(released).await.iter().all(|status| *status == 200));
    assert_eq!(uses(&api, automatic).await, 0);
    let again = json!({"lines": cart["lines"], "customer_id": 1});
    assert_eq!(api.post(EVALUATE, &again).await.assert_status(200)["rules"][0]["applied"], true);
}
