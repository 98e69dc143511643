//! The points liability of a shop, day by day.

use chrono::Duration;
use serde_json::{Value, json};
use tests::Api;

use crate::support::{
    LEVELS, SIGN,
    orders::{paid, put},
    points::{adjust, redeem, refund},
    store_customers,
};

async fn operate(api: &Api, command: Value) -> Result<Value, shared::Error> {
    let command = serde_json::from_value(command).expect("a command");
    Ok(serde_json::to_value(operator::run(&api.store_of("operator").await, command).await?).expect("JSON"))
}

/// Returns the report between two days of the shop.
async fn liability(api: &Api, from: chrono::NaiveDate, to: chrono::NaiveDate) -> Vec<Value> {
    let command = json!({"action": "liability", "shop": "demo", "from": from, "to": to});
    operate(api, command).await.expect("an answer")["days"].as_array().expect("days").clone()
}

#[tokio::test]
async fn opening_and_what_a_day_adds_and_takes_is_closing() {
    let api = Api::empty().await;
    store_customers(&api, &[1]).await;
    api.post(LEVELS, &json!({"title": "x", "redeem_points": 1, "sign_points": 3})).await.assert_status(201);
    let shop = domain::shop::Shop::new("demo".parse().expect("a shop"));
    let first = shop.day(api.server.clock.now());
    adjust(&api, 1, 100).await.assert_status(201);
    adjust(&api, 1, -7).await.assert_status(201);
    put(&api, 5, &paid("20.00", "0.00")).await;
    // Two days later. The days between have no entries.
    api.server.clock.advance(Duration::days(2));
    api.post(SIGN, &json!({"customer_id": 1})).await.assert_status(201);
    let redemption = redeem(&api, 50).await.assert_status(201);
    redeem(&api, 1).await.assert_status(201);
    refund(&api, &redemption).await.assert_status(201);
    put(&api, 5, &paid("20.00", "5.00")).await;
    let second = first + Duration::days(2);
    let lines = liability(&api, first, second).await;
    let line = |day: chrono::NaiveDate, opening: i64, sums: [i64; 7], closing: i64| {
        let [earned, signed, returned, adjusted, redeemed, reversed, expired] = sums;
        json!({
            "day": day, "opening": opening, "earned": earned, "signed": signed, "returned": returned,
            "adjusted": adjusted, "redeemed": redeemed, "reversed": reversed, "expired": expired, "closing": closing,
        })
    };
    let expected = [line(first, 0, [20, 0, 0, 93, 0, 0, 0], 113), line(second, 113, [0, 3, 50, 0, 51, 5, 0], 110)];
    assert_eq!(lines, expected);
    let third = second + Duration::days(1);
    assert_eq!(liability(&api, third, third).await, [line(third, 110, [0; 7], 110)]);
    assert_eq!(liability(&api, second, second).await, expected[1..]);
    let before = first - Duration::days(1);
    assert_eq!(liability(&api, before, before).await, [line(before, 0, [0; 7], 0)]);
}

#[tokio::test]
async fn expired_points_are_owed_no_more_and_shops_are_apart() {
    let api = Api::empty().await;
    let command = json!({"action": "put_shop", "shop": "demo", "points_expire_after_months": 1});
    operate(&api, command).await.expect("a shop");
    store_customers(&api, &[1]).await;
    adjust(&api, 1, 100).await.assert_status(201);
    api.server.clock.advance(Duration::days(40));
    expire_points::run(&api.store_of("expire_points").await, api.server.clock.now()).await.expect("a run");
    let shop = domain::shop::Shop::new("demo".parse().expect("a shop"));
    let today = shop.day(api.server.clock.now());
    let lines = liability(&api, today, today).await;
    assert_eq!(
        (&lines[0]["opening"], &lines[0]["expired"], &lines[0]["closing"]),
        (&json!(100), &json!(100), &json!(0))
    );
    let other = operate(&api, json!({"action": "liability", "shop": "other"})).await.expect("an answer");
    assert_eq!((&other["days"][0]["opening"], &other["days"][0]["closing"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn days_in_the_wrong_order_and_unknown_shops_are_refused() {
    let api = Api::empty().await;
    let command = json!({"action": "liability", "shop": "demo", "from": "2026-02-01", "to": "2026-01-31"});
    assert!(matches!(operate(&api, command).await, Err(shared::Error::Invalid(_))));
    for action in ["liability", "audit"] {
        let answer = operate(&api, json!({"action": action, "shop": "nobody"})).await;
        assert!(matches!(answer, Err(shared::Error::NotFound)), "{answer:?}");
    }
}
