//! `GET /api/loyalty/account/{customer_id}/`: the balance, the level and the redeemable points of a customer.

use serde_json::{Value, json};
use tests::Api;

use crate::support::{
    ACCOUNTS, CUSTOMERS, LEVELS, SIGN, detail, keys, one,
    orders::{cancelled, paid, put},
    points::{account, adjust, balance, redeem},
    store_customers,
};

/// Creates a shop with customer 1 and these levels.
async fn shop(levels: &[Value]) -> Api {
    let api = Api::empty().await;
    store_customers(&api, &[1]).await;
    for level in levels {
        api.post(LEVELS, level).await.assert_status(201);
    }
    api
}

#[tokio::test]
async fn an_account_without_entries_and_levels() {
    let api = shop(&[]).await;
    let customer = api.get(&one(CUSTOMERS, 1)).await.assert_status(200);
    let expected = json!({
        "customer": customer, "points": 0, "earned_points": 0, "level": null, "next_level": null,
        "points_to_next_level": null, "redeemable_points": 0, "redeemable_price": "0.00", "redeemed_this_month": 0,
        "signed_today": false, "expiring_points": 0, "expiring_at": null,
    });
    crate::support::same_text(&account(&api).await, &expected);
    adjust(&api, 1, 50).await.assert_status(201);
    assert_eq!(account(&api).await["redeemable_points"], 0, "no level redeems");
}

#[tokio::test]
async fn an_unknown_customer_has_no_account() {
    let api = Api::start().await;
    for id in ["999", "0", "x"] {
        detail(&api.get(&one(ACCOUNTS, id)).await, 404, "Not found.");
    }
    assert_eq!(api.get(&one(ACCOUNTS, 50784)).await.assert_status(200)["level"]["id"], 5);
}

#[tokio::test]
async fn the_level_is_the_highest_condition_reached_and_the_lower_id_of_two() {
    let level = |title: &str, condition: u32| json!({"title": title, "condition_points": condition});
    let levels = [level("c", 20), level("a", 0), level("b", 10), level("b2", 10), level("c2", 20)];
    let api = shop(&levels).await;
    let mut ids = api.get(LEVELS).await.ids();
    ids.sort_unstable();
    for (points, title, next, ahead) in [
        (0, "a", json!("b"), json!(10)),
        (9, "a", json!("b"), json!(1)),
        (10, "b", json!("c"), json!(10)),
        (19, "b", json!("c"), json!(1)),
        (20, "c", Value::Null, Value::Null),
        (99, "c", Value::Null, Value::Null),
    ] {
        let more = points - account(&api).await["earned_points"].as_i64().expect("points");
        if more > 0 {
            adjust(&api, 1, more).await.assert_status(201);
        }
        let shown = account(&api).await;
        assert_eq!((&shown["level"]["title"], &shown["earned_points"]), (&json!(title), &json!(points)));
        assert_eq!((&shown["next_level"]["title"], &shown["points_to_next_level"]), (&next, &ahead), "{points}");
    }
    let shown = account(&api).await["level"].clone();
    assert_eq!(shown, api.get(&one(LEVELS, shown["id"].as_u64().expect("id"))).await.assert_status(200));
    // A changed or deleted level takes effect at once.
    api.put(&one(LEVELS, ids[0]), &level("d", 100)).await.assert_status(200);
    assert_eq!(account(&api).await["level"]["title"], "c2");
    api.delete(&one(LEVELS, ids[4])).await.assert_status(204);
    assert_eq!(account(&api).await["level"]["title"], "b");
}

#[tokio::test]
async fn a_level_that_is_not_reached_is_the_next_one() {
    let api = shop(&[json!({"title": "a", "condition_points": 10})]).await;
    let shown = account(&api).await;
    assert_eq!((&shown["level"], &shown["next_level"]["title"]), (&Value::Null, &json!("a")));
    assert_eq!(shown["points_to_next_level"], 10);
}

#[tokio::test]
async fn earned_counts_orders_signs_and_positive_adjustments_less_what_orders_take_back() {
    let api = shop(&[json!({"title": "a", "sign_points": 3, "redeem_points": 1})]).await;
    let earned = async || account(&api).await["earned_points"].as_i64().expect("points");
    adjust(&api, 1, 10).await.assert_status(201);
    assert_eq!(earned().await, 10);
    adjust(&api, 1, -4).await.assert_status(201);
    assert_eq!(earned().await, 10);
    api.post(SIGN, &json!({"customer_id": 1})).await.assert_status(201);
    assert_eq!(earned().await, 13);
    put(&api, 5, &paid("20.00", "0.00")).await;
    assert_eq!(earned().await, 33);
    let redemption = redeem(&api, 8).await.assert_status(201);
    assert_eq!(earned().await, 33);
    let refund = json!({"point_history_id": redemption["id"]});
    api.post("/api/loyalty/point_history/refund/", &refund).await.assert_status(201);
    assert_eq!(earned().await, 33);
    put(&api, 5, &paid("20.00", "5.00")).await;
    assert_eq!(earned().await, 28);
    put(&api, 5, &cancelled(paid("20.00", "5.00"))).await;
    assert_eq!((earned().await, balance(&api).await), (13, 9));
}

#[tokio::test]
async fn what_can_be_redeemed_is_the_least_of_balance_and_caps() {
    let level = json!({
        "title": "a", "redeem_points": 30, "redeem_limitation": 100, "redeem_limitation_monthly": 150,
    });
    let api = shop(&[level]).await;
    let redeemable = async || {
        let shown = account(&api).await;
        let points = shown["redeemable_points"].as_i64().expect("points");
        (points, shown["redeemable_price"].as_str().expect("a price").to_owned(), shown["redeemed_this_month"].clone())
    };
    adjust(&api, 1, 80).await.assert_status(201);
    assert_eq!(redeemable().await, (80, "2.66".to_owned(), json!(0)));
    adjust(&api, 1, 120).await.assert_status(201);
    assert_eq!(redeemable().await, (100, "3.33".to_owned(), json!(0)));
    redeem(&api, 90).await.assert_status(201);
    assert_eq!(redeemable().await, (60, "2.00".to_owned(), json!(90)));
    redeem(&api, 60).await.assert_status(201);
    assert_eq!(redeemable().await, (0, "0.00".to_owned(), json!(150)));
}

#[tokio::test]
async fn the_keys_stand_in_the_documented_order() {
    let api = Api::start().await;
    let shown = api.get(&one(ACCOUNTS, 50784)).await.assert_status(200);
    let expected = [
        "customer",
        "points",
        "earned_points",
        "level",
        "next_level",
        "points_to_next_level",
        "redeemable_points",
        "redeemable_price",
        "redeemed_this_month",
        "signed_today",
        "expiring_points",
        "expiring_at",
    ];
    assert_eq!(keys(&shown), expected);
}
