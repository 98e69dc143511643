//! The rulings on coupons and codes.

use serde_json::json;
use tests::{Api, Reply};

use crate::support::{
    CODES, COUPONS, RULES, detail,
    discounts::{
        Coupon, FUTURE, PAST, change_rule, count, coupon, give, issue, issued, issued_ids, rule, set_status, shop_of,
        with,
    },
    id, one, refused,
};

/// Creates a shop with a code for each of three customers.
async fn with_codes(changes: serde_json::Value) -> (Api, Coupon, Vec<u64>) {
    let api = shop_of(3).await;
    let made = coupon(&api, "A", &changes).await;
    let codes = issued_ids(&give(&api, made.id, 1..=3).await);
    (api, made, codes)
}

#[tokio::test]
async fn a_coupon_names_one_rule() {
    let api = Api::empty().await;
    let existing = id(&api.post(RULES, &rule(&json!({}))).await);
    let both = json!({"code_prefix": "A", "price_rule": rule(&json!({})), "price_rule_id": existing});
    refused(&api.post(COUPONS, &both).await, "price_rule_id", "Send price_rule or price_rule_id, not both.", &"both");
    let neither = api.post(COUPONS, &json!({"code_prefix": "A", "price_rule": null})).await;
    refused(&neither, "price_rule", "This field is required.", &"neither");
    let automatic = id(&api.post(RULES, &rule(&json!({"automatic_discount": true}))).await);
    let message = "An automatic discount cannot be a coupon's.";
    let reply = api.post(COUPONS, &json!({"code_prefix": "A", "price_rule_id": automatic})).await;
    refused(&reply, "price_rule_id", message, &"automatic");
    assert_eq!(count(&api, COUPONS).await, 0);
}

#[tokio::test]
async fn a_minimum_amount_never_changes_a_rule_that_is_there() {
    let api = Api::empty().await;
    let bare = id(&api.post(RULES, &rule(&json!({}))).await);
    let asking = rule(&json!({"prerequisite_subtotal_range": {"greater_than_or_equal_to": "50"}}));
    let asking = id(&api.post(RULES, &asking).await);
    let body = |prefix: &str, rule: u64| json!({"code_prefix": prefix, "price_rule_id": rule, "minimum_amount": "99"});
    let message = "This would change a price rule that is there already: change the rule itself.";
    refused(&api.post(COUPONS, &body("A", bare)).await, "minimum_amount", message, &"bare");
    let made = api.post(COUPONS, &body("B", asking)).await.assert_status(201);
    assert_eq!(made["price_rule"]["prerequisite_subtotal_range"]["greater_than_or_equal_to"], "50.00");
    let nothing = with(body("C", bare), &json!({"minimum_amount": 0}));
    api.post(COUPONS, &nothing).await.assert_status(201);
}

#[tokio::test]
async fn a_blank_title_is_none() {
    let api = shop_of(1).await;
    for (prefix, title) in [("A", json!("")), ("B", json!("  ")), ("C", json!(null))] {
        let body = json!({"code_prefix": prefix, "title": title, "price_rule": rule(&json!({"title": "of the rule"}))});
        let made = id(&api.post(COUPONS, &body).await);
        assert_eq!(issued(&give(&api, made, [1]).await)[0]["title"], "of the rule");
    }
}

#[tokio::test]
async fn the_merchant_may_issue_and_use_outside_of_the_window_but_not_use_what_has_expired() {
    for (changes, issued_as, used) in [
        (json!({"is_enabled": false}), "unused", 200),
        (json!({"starts_at": FUTURE}), "unused", 200),
        (json!({"ends_at": PAST}), "expired", 409),
    ] {
        let (api, _, codes) = with_codes(changes).await;
        assert_eq!(api.get(&one(CODES, codes[0])).await.assert_status(200)["status"], issued_as);
        let reply = set_status(&api, codes[0], "used").await;
        assert_eq!(reply.status, used, "{}", reply.text);
    }
    let (api, made, codes) = with_codes(json!({})).await;
    change_rule(&api, made.rule, &json!({"ends_at": PAST})).await;
    detail(&set_status(&api, codes[0], "used").await, 409, "This code has expired.");
    assert_eq!(set_status(&api, codes[0], "unused").await.assert_status(200)["status"], "expired");
    assert_eq!(set_status(&api, codes[0], "expired").await.status, 400);
}

#[tokio::test]
async fn a_deleted_used_code_keeps_its_place_and_its_use() {
    let (api, made, codes) = with_codes(json!({"allocation_limit": 3, "usage_limit": 1})).await;
    set_status(&api, codes[0], "used").await.assert_status(200);
    api.delete(&one(CODES, codes[0])).await.assert_status(204);
    assert_eq!(api.get(&one(COUPONS, made.id)).await.assert_status(200)["used_count"], 0);
    detail(&set_status(&api, codes[1], "used").await, 409, "The usage limit of 1 is reached.");
    let left = format!("Coupon {} has 0 codes left to issue.", made.id);
    detail(&give(&api, made.id, [1]).await, 409, &left);
}

#[tokio::test]
async fn what_is_history_is_not_given_back() {
    let (api, made, codes) = with_codes(json!({})).await;
    set_status(&api, codes[0], "used").await.assert_status(200);
    let both = json!({"status": "unused", "customer_id": 2});
    detail(&api.put(&one(CODES, codes[0]), &both).await, 409, "A used code cannot be transferred.");
    api.delete(&one(COUPONS, made.id)).await.assert_status(204);
    detail(&set_status(&api, codes[0], "unused").await, 409, "The coupon of this code was deleted.");
    api.delete(&one(CODES, codes[0])).await.assert_status(204);
}

#[tokio::test]
async fn a_code_may_have_its_former_text_again() {
    let (api, _, codes) = with_codes(json!({})).await;
    let path = one(CODES, codes[0]);
    let first = api.get(&path).await.assert_status(200)["code"].clone();
    for text in [json!("free text #1"), first] {
        assert_eq!(api.put(&path, &json!({ "code": text })).await.assert_status(200)["code"], text);
    }
    let taken = api.put(&one(CODES, codes[1]), &json!({"code": "free text #1"})).await;
    refused(&taken, "code", "coupon code with this code already exists.", &"once given");
}

#[tokio::test]
async fn one_request_names_twenty_coupons_at_the_most() {
    let api = shop_of(1).await;
    let pairs: Vec<_> = (1..=21).map(|coupon| (1, coupon)).collect();
    let reply: Reply = issue(&api, &pairs).await;
    refused(&reply, "non_field_errors", "Name no more than 20 coupons.", &"21");
}
