//! The limits of a coupon's codes and of a rule's uses, in sequence.

use serde_json::json;
use tests::Api;

use crate::support::{
    CODES, COUPONS,
    discounts::{change_rule, count, coupon, coupon_on, give, issue, issued_ids, set_status, shop_of},
    one, over,
};

/// Uses a code, and asserts that it is used or that the limit refuses it and it stays unused.
async fn uses(api: &Api, code: u64, fits: bool) {
    let before = api.get(&one(CODES, code)).await.text;
    let reply = set_status(api, code, "used").await;
    if fits {
        assert_eq!(reply.assert_status(200)["status"], "used");
    } else {
        over(&reply, None);
        assert_eq!(api.get(&one(CODES, code)).await.text, before);
    }
}

async fn give_back(api: &Api, code: u64) {
    assert_eq!(set_status(api, code, "unused").await.assert_status(200)["status"], "unused");
}

#[tokio::test]
async fn each_coupon_of_a_rule_issues_as_many_codes_as_the_rule_allots() {
    let api = shop_of(31).await;
    let first = coupon(&api, "A", &json!({"allocation_limit": 25})).await;
    let second = coupon_on(&api, "B", first.rule).await;
    give(&api, first.id, 1..=8).await.assert_status(201);
    over(&give(&api, first.id, 9..=26).await, Some(17));
    give(&api, second, 1..=25).await.assert_status(201);
    // One of the two coupons has no code left, so that the whole request is refused.
    let mixed: Vec<_> = (9..=12).map(|customer| (customer, first.id)).chain([(26, second)]).collect();
    over(&issue(&api, &mixed).await, Some(0));
    assert_eq!((count(&api, CODES).await, count(&api, &format!("{CODES}?customer=9")).await), (33, 1));
    give(&api, first.id, 9..=25).await.assert_status(201);
    over(&give(&api, first.id, [26]).await, Some(0));
    let third = coupon_on(&api, "C", first.rule).await;
    over(&give(&api, third, 1..=26).await, Some(25));
    give(&api, third, 1..=25).await.assert_status(201);
    assert_eq!(count(&api, CODES).await, 75);
}

#[tokio::test]
async fn a_deleted_unused_code_gives_its_place_back() {
    let api = shop_of(20).await;
    let made = coupon(&api, "A", &json!({"allocation_limit": 5})).await;
    let codes = issued_ids(&give(&api, made.id, 1..=5).await);
    set_status(&api, codes[0], "used").await.assert_status(200);
    over(&give(&api, made.id, [6]).await, Some(0));
    for code in &codes[1..=2] {
        api.delete(&one(CODES, code)).await.assert_status(204);
        assert_eq!(api.delete(&one(CODES, code)).await.status, 404);
    }
    over(&give(&api, made.id, 6..=8).await, Some(2));
    // A code that gets another owner or text still counts.
    api.put(&one(CODES, codes[3]), &json!({"customer_id": 20, "code": "x"})).await.assert_status(200);
    give(&api, made.id, 6..=7).await.assert_status(201);
    over(&give(&api, made.id, [8]).await, Some(0));
}

#[tokio::test]
async fn a_quota_that_is_set_or_changed_later_counts_what_was_issued_before() {
    let api = shop_of(60).await;
    let made = coupon(&api, "A", &json!({})).await;
    let quota = async |limit: u64| change_rule(&api, made.rule, &json!({ "allocation_limit": limit })).await;
    let mut codes = issued_ids(&give(&api, made.id, 1..=5).await);
    quota(19).await;
    over(&give(&api, made.id, 6..=20).await, Some(14));
    codes.extend(issued_ids(&give(&api, made.id, 6..=19).await));
    over(&give(&api, made.id, [20]).await, Some(0));
    quota(21).await;
    over(&give(&api, made.id, 20..=22).await, Some(2));
    codes.extend(issued_ids(&give(&api, made.id, 20..=21).await));
    quota(18).await;
    over(&give(&api, made.id, [22]).await, None);
    for code in codes.drain(..3) {
        api.delete(&one(CODES, code)).await.assert_status(204);
        over(&give(&api, made.id, [22]).await, None);
    }
    api.delete(&one(CODES, codes[0])).await.assert_status(204);
    over(&give(&api, made.id, 22..=23).await, Some(1));
    give(&api, made.id, [22]).await.assert_status(201);
    quota(0).await;
    give(&api, made.id, 23..=32).await.assert_status(201);
    quota(28).await;
    over(&give(&api, made.id, [33]).await, Some(0));
    quota(29).await;
    give(&api, made.id, [33]).await.assert_status(201);
    assert_eq!(count(&api, &format!("{CODES}?coupon={}", made.id)).await, 29);
}

#[tokio::test]
async fn in_a_rule_with_a_ratio_the_limit_is_not_for_codes() {
    let api = shop_of(20).await;
    let ratio = "prerequisite_to_entitlement_quantity_ratio";
    let changes = json!({
        ratio: {"prerequisite_quantity": 2, "entitled_quantity": 1}, "allocation_limit": 2, "value": "-50",
        "value_type": "percentage", "allocation_method": "each", "target_selection": "entitled",
        "entitled_product_ids": [1],
    });
    let made = coupon(&api, "A", &changes).await;
    give(&api, made.id, 1..=5).await.assert_status(201);
    change_rule(&api, made.rule, &json!({ ratio: null, "allocation_limit": 7 })).await;
    over(&give(&api, made.id, 6..=8).await, Some(2));
    give(&api, made.id, 6..=7).await.assert_status(201);
    change_rule(&api, made.rule, &json!({ ratio: changes[ratio] })).await;
    give(&api, made.id, 8..=20).await.assert_status(201);
}

#[tokio::test]
async fn a_rule_is_used_as_often_as_it_says_over_all_its_coupons() {
    let api = shop_of(5).await;
    let first = coupon(&api, "A", &json!({"usage_limit": 3})).await;
    let second = coupon_on(&api, "B", first.rule).await;
    let other = coupon(&api, "C", &json!({"usage_limit": 1})).await;
    let a = issued_ids(&give(&api, first.id, 1..=5).await);
    let b = issued_ids(&give(&api, second, 1..=5).await);
    let c = issued_ids(&give(&api, other.id, 1..=2).await);
    for code in [a[0], b[0], a[1]] {
        uses(&api, code, true).await;
    }
    uses(&api, a[2], false).await;
    uses(&api, b[1], false).await;
    // The limit of another rule, and a code that is used already.
    uses(&api, c[0], true).await;
    uses(&api, c[1], false).await;
    uses(&api, a[0], true).await;
    give_back(&api, b[0]).await;
    uses(&api, b[4], true).await;
    uses(&api, b[0], false).await;
    for (coupon, used) in [(first.id, 2), (second, 1), (other.id, 1)] {
        assert_eq!(api.get(&one(COUPONS, coupon)).await.assert_status(200)["used_count"], used);
    }
    assert_eq!(count(&api, &format!("{CODES}?status=used")).await, 4);
}

#[tokio::test]
async fn a_usage_limit_that_is_set_or_changed_later_counts_the_uses_before() {
    let api = shop_of(20).await;
    let made = coupon(&api, "A", &json!({})).await;
    let limit = async |limit: u64| change_rule(&api, made.rule, &json!({ "usage_limit": limit })).await;
    let codes = issued_ids(&give(&api, made.id, 1..=20).await);
    for code in &codes[..6] {
        uses(&api, *code, true).await;
    }
    limit(8).await;
    uses(&api, codes[6], true).await;
    uses(&api, codes[7], true).await;
    uses(&api, codes[8], false).await;
    limit(9).await;
    uses(&api, codes[8], true).await;
    uses(&api, codes[9], false).await;
    limit(4).await;
    uses(&api, codes[9], false).await;
    for code in &codes[..5] {
        give_back(&api, *code).await;
        uses(&api, codes[9], false).await;
    }
    give_back(&api, codes[5]).await;
    uses(&api, codes[9], true).await;
    uses(&api, codes[10], false).await;
    limit(0).await;
    for code in &codes[10..18] {
        uses(&api, *code, true).await;
    }
    limit(12).await;
    uses(&api, codes[18], false).await;
    limit(13).await;
    uses(&api, codes[18], true).await;
    uses(&api, codes[19], false).await;
    assert_eq!(api.get(&one(COUPONS, made.id)).await.assert_status(200)["used_count"], 13);
}

#[tokio::test]
async fn a_customer_uses_a_rule_once_where_it_says_so() {
    let api = shop_of(3).await;
    let first = coupon(&api, "A", &json!({"once_per_customer": true})).await;
    let second = coupon_on(&api, "B", first.rule).await;
    let other = coupon(&api, "C", &json!({"once_per_customer": true})).await;
    let a = issued_ids(&give(&api, first.id, 1..=3).await);
    let b = issued_ids(&give(&api, second, 1..=3).await);
    let c = issued_ids(&give(&api, other.id, 1..=1).await);
    uses(&api, a[0], true).await;
    uses(&api, b[0], false).await;
    uses(&api, a[0], true).await;
    uses(&api, c[0], true).await;
    uses(&api, b[1], true).await;
    uses(&api, a[1], false).await;
    give_back(&api, a[0]).await;
    uses(&api, b[0], true).await;
    uses(&api, a[0], false).await;
    // A code of another owner counts as a use of that customer.
    api.put(&one(CODES, a[0]), &json!({"customer_id": 3})).await.assert_status(200);
    uses(&api, a[0], true).await;
    uses(&api, a[2], false).await;
    uses(&api, b[2], false).await;
    assert_eq!(count(&api, &format!("{CODES}?status=used&customer=3")).await, 1);
}

#[tokio::test]
async fn once_per_customer_that_is_set_later_counts_the_uses_before() {
    let api = shop_of(2).await;
    let first = coupon(&api, "A", &json!({})).await;
    let mut codes = Vec::new();
    for prefix in ["B", "C"] {
        let coupon = coupon_on(&api, prefix, first.rule).await;
        codes.extend(issued_ids(&give(&api, coupon, [1]).await));
    }
    let last = issued_ids(&give(&api, first.id, 1..=2).await);
    for code in &codes {
        uses(&api, *code, true).await;
    }
    change_rule(&api, first.rule, &json!({"once_per_customer": true})).await;
    uses(&api, last[0], false).await;
    uses(&api, last[1], true).await;
    give_back(&api, codes[0]).await;
    uses(&api, last[0], false).await;
    give_back(&api, codes[1]).await;
    uses(&api, last[0], true).await;
    uses(&api, codes[0], false).await;
    change_rule(&api, first.rule, &json!({"once_per_customer": false})).await;
    uses(&api, codes[0], true).await;
}

#[tokio::test]
async fn both_limits_of_a_rule_hold_together() {
    let api = shop_of(3).await;
    let first = coupon(&api, "A", &json!({"once_per_customer": true, "usage_limit": 2})).await;
    let second = coupon_on(&api, "B", first.rule).await;
    let a = issued_ids(&give(&api, first.id, 1..=3).await);
    let b = issued_ids(&give(&api, second, 1..=3).await);
    uses(&api, a[0], true).await;
    // A use that one limit refuses takes nothing from the other limit.
    for _ in 0..3 {
        uses(&api, b[0], false).await;
    }
    uses(&api, b[1], true).await;
    uses(&api, a[2], false).await;
    give_back(&api, a[0]).await;
    uses(&api, b[2], true).await;
    uses(&api, b[0], false).await;
    give_back(&api, b[1]).await;
    uses(&api, b[0], true).await;
}
