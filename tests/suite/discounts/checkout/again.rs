//! Repeated uses for one order. A further use is priced beside the earlier uses of the order. An automatic rule that
//! runs out meanwhile does not refuse a checkout.

use crate::support::{
    RULES, USE,
    discounts::{coupon, give, issued, rule, shop_of, with},
    id,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use shop::discounts::counters::{self, Counter};
use tests::{Api, Reply};

async fn code(api: &Api, coupon: u64, customer: u64) -> Value {
    issued(&give(api, coupon, [customer]).await)[0]["code"].clone()
}

/// Uses these codes for an order of one unit of a product at 100.00.
async fn use_for(api: &Api, codes: &[&Value], product: u64, order: u64) -> Reply {
    let lines = json!([{"id": 1, "product_id": product, "quantity": 1, "price": "100.00"}]);
    let cart = json!({"lines": lines});
    api.post(USE, &json!({"codes": codes, "customer_id": 1, "order_id": order, "cart": cart})).await
}

/// Returns an automatic rule that makes a product free.
fn free(product: u64, limit: u64) -> Value {
    let all = json!({"value_type": "percentage", "value": "-100.00", "automatic_discount": true, "priority": 9});
    let entitled = json!({"target_selection": "entitled", "entitled_product_ids": [product], "usage_limit": limit});
    rule(&with(all, &entitled))
}

#[tokio::test]
async fn two_codes_of_one_rule_are_a_conflict_one_after_the_other_too() {
    let api = shop_of(1).await;
    let made = coupon(&api, "a", &json!({})).await;
    let (first, second) = (code(&api, made.id, 1).await, code(&api, made.id, 1).await);
    use_for(&api, &[&first], 1, 7).await.assert_status(200);
    let refused = use_for(&api, &[&second], 1, 7).await.assert_status(409);
    assert_eq!(refused["detail"], format!("This order uses the price rule {} already, which applies once.", made.rule));
    // Without a cart both codes count.
    api.post(USE, &json!({"codes": [second], "customer_id": 1, "order_id": 7})).await.assert_status(200);
}

#[tokio::test]
async fn what_an_order_uses_already_still_applies_to_it() {
    let api = shop_of(1).await;
    id(&api.post(RULES, &free(51, 1)).await);
    let made = coupon(&api, "a", &json!({})).await;
    let text = code(&api, made.id, 1).await;
    use_for(&api, &[], 51, 7).await.assert_status(200);
    // The automatic rule has made the order free. The code takes nothing off this order, but it does for another.
    use_for(&api, &[&text], 51, 7).await.assert_status(400);
    use_for(&api, &[&text], 51, 8).await.assert_status(200);
}

#[tokio::test]
async fn an_automatic_rule_that_runs_out_does_not_refuse_a_checkout() {
    let api = shop_of(1).await;
    let automatic = id(&api.post(RULES, &free(52, 2)).await);
    let replies = join_all((1..=10).map(|order| use_for(&api, &[], 52, order))).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    let shop = "demo".parse().expect("a shop");
    let shards = counters::read(&api.server.store, &shop, Counter::UsesOf(automatic));
    assert_eq!(shards.await.expect("shards").quota.count(), 2);
}
