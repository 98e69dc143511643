//! `POST /api/loyalty/point_history/adjust/`: manual changes of a balance.

use chrono::Utc;
use serde_json::{Value, json};
use tests::Api;

use crate::support::{
    ADJUST, CUSTOMERS, HISTORY, NOT_AN_INTEGER, NULL, REQUIRED, customer, id, keys, one, points::adjust, refused,
    refused_somehow, store_customers, taken_since,
};

const LIMIT: i64 = 1_000_000_000;
const TOO_LARGE: &str = "Ensure this value is less than or equal to 1000000000.";
const TOO_SMALL: &str = "Ensure this value is greater than or equal to -1000000000.";

/// Creates an empty shop with customer 1, whose balance is 10.
async fn with_ten_points() -> Api {
    let api = Api::empty().await;
    store_customers(&api, &[1]).await;
    adjust(&api, 1, 10).await.assert_status(201);
    api
}

fn bad_points() -> Vec<(Value, &'static str)> {
    let mut bad = vec![(Value::Null, NULL), (json!(LIMIT + 1), TOO_LARGE), (json!(-LIMIT - 1), TOO_SMALL)];
    bad.push((json!(i64::MAX), TOO_LARGE));
    bad.push((json!(u64::MAX), TOO_LARGE));
    bad.push((json!(i64::MIN), TOO_SMALL));
    let wrong = [json!(true), json!(false), json!(1.5), json!("1.5"), json!(""), json!("x"), json!([]), json!({})];
    bad.extend(wrong.map(|value| (value, NOT_AN_INTEGER)));
    bad
}

fn bad_customers() -> Vec<(Value, &'static str)> {
    vec![
        (Value::Null, NULL),
        (json!(999), r#"Invalid pk "999" - object does not exist."#),
        (json!(0), r#"Invalid pk "0" - object does not exist."#),
        (json!(-1), r#"Invalid pk "-1" - object does not exist."#),
        (json!(""), NULL),
        (json!("abc"), "Incorrect type. Expected pk value, received str."),
        (json!(true), "Incorrect type. Expected pk value, received bool."),
        (json!([1]), "Incorrect type. Expected pk value, received list."),
        (json!({"id": 1}), "Incorrect type. Expected pk value, received dict."),
    ]
}

#[tokio::test]
async fn every_bad_field_is_refused_and_nothing_is_written() {
    let api = with_ten_points().await;
    let before = api.get(HISTORY).await.text;
    for (points, message) in bad_points() {
        let reply = api.post(ADJUST, &json!({"customer_id": 1, "points": points})).await;
        refused(&reply, "points", message, &points);
    }
    for (customer, message) in bad_customers() {
        let reply = api.post(ADJUST, &json!({"customer_id": customer, "points": 1})).await;
        refused(&reply, "customer_id", message, &customer);
    }
    assert_eq!(api.get(HISTORY).await.text, before);
}

#[tokio::test]
async fn both_fields_are_required_and_refused_together() {
    let api = with_ten_points().await;
    refused(&api.post(ADJUST, &json!({"customer_id": 1})).await, "points", REQUIRED, &"none");
    refused(&api.post(ADJUST, &json!({"points": 1})).await, "customer_id", REQUIRED, &"none");
    let missing = json!({"customer_id": [REQUIRED], "points": [REQUIRED]});
    assert_eq!(api.post(ADJUST, &json!({})).await.assert_status(400), missing);
    let wrong = api.post(ADJUST, &json!({"customer_id": "x", "points": "x"})).await.assert_status(400);
    assert_eq!(keys(&wrong), ["customer_id", "points"]);
}

#[tokio::test]
async fn zero_points_are_refused() {
    let api = with_ten_points().await;
    for zero in [json!(0), json!(0.0), json!("0"), json!("-0")] {
        refused_somehow(&api.post(ADJUST, &json!({"customer_id": 1, "points": zero})).await, "points", &zero);
    }
    assert_eq!(api.get(HISTORY).await.assert_status(200)["count"], 1);
}

#[tokio::test]
async fn points_and_customer_may_be_sent_as_texts() {
    let api = with_ten_points().await;
    let reply = api.post(ADJUST, &json!({"customer_id": "1", "points": "-3"})).await.assert_status(201);
    assert_eq!((&reply["customer"]["id"], &reply["points"]), (&json!(1), &json!(-3)));
    let reply = api.post(ADJUST, &json!({"customer_id": 1, "points": 2.0})).await.assert_status(201);
    assert_eq!(reply["points"].to_string(), "2");
}

#[tokio::test]
async fn the_limits_are_inside() {
    let api = Api::empty().await;
    store_customers(&api, &[1]).await;
    assert_eq!(adjust(&api, 1, LIMIT).await.assert_status(201)["points"], LIMIT);
    assert_eq!(adjust(&api, 1, -LIMIT).await.assert_status(201)["points"], -LIMIT);
    refused_somehow(&adjust(&api, 1, -1).await, "points", &-1);
}

#[tokio::test]
async fn a_balance_never_goes_below_zero_and_a_refusal_writes_nothing() {
    let api = with_ten_points().await;
    let before = api.get(HISTORY).await.text;
    for points in [-11, -100, -LIMIT] {
        refused_somehow(&adjust(&api, 1, points).await, "points", &points);
        assert_eq!(api.get(HISTORY).await.text, before);
    }
    adjust(&api, 1, -10).await.assert_status(201);
    refused_somehow(&adjust(&api, 1, -1).await, "points", &-1);
    let points: Vec<_> = api.get(HISTORY).await.assert_status(200)["results"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["points"].clone())
        .collect();
    assert_eq!(points, [json!(-10), json!(10)]);
}

#[tokio::test]
async fn the_first_adjustment_of_a_customer_cannot_take_points() {
    let api = Api::empty().await;
    store_customers(&api, &[1]).await;
    refused_somehow(&adjust(&api, 1, -1).await, "points", &-1);
    assert_eq!(api.get(HISTORY).await.assert_status(200)["count"], 0);
}

#[tokio::test]
async fn balances_of_customers_do_not_mix() {
    let api = with_ten_points().await;
    store_customers(&api, &[2]).await;
    refused_somehow(&adjust(&api, 2, -1).await, "points", &-1);
    adjust(&api, 2, 3).await.assert_status(201);
    refused_somehow(&adjust(&api, 2, -4).await, "points", &-4);
    adjust(&api, 2, -3).await.assert_status(201);
    adjust(&api, 1, -10).await.assert_status(201);
}

#[tokio::test]
async fn an_entry_is_manual_has_no_order_and_ignores_what_else_is_sent() {
    let api = with_ten_points().await;
    let body = json!({"customer_id": 1, "points": 5, "kind": "buy", "order": 1, "id": 3, "created_at": "2001-01-01"});
    let before = Utc::now();
    let reply = api.post(ADJUST, &body).await.assert_status(201);
    assert_eq!(keys(&reply), ["id", "customer", "points", "kind", "order", "created_at"]);
    assert_eq!((&reply["kind"], &reply["order"], &reply["points"]), (&json!("manual"), &Value::Null, &json!(5)));
    taken_since(&reply["created_at"], before);
}

#[tokio::test]
async fn ids_increase_and_the_rows_can_be_read_at_once_under_every_filter() {
    let api = with_ten_points().await;
    store_customers(&api, &[2]).await;
    let mut last = 0;
    for customer in [1, 2, 2, 1, 2] {
        let entry = id(&adjust(&api, customer, 1).await);
        assert!(entry > last);
        for query in [
            String::new(),
            format!("?customer={customer}"),
            format!("?customer__in=7,{customer}"),
            format!("?id__gt={last}"),
        ] {
            assert_eq!(api.get(&format!("{HISTORY}{query}")).await.ids().first(), Some(&entry), "{query}");
        }
        assert_eq!(api.get(&one(HISTORY, entry)).await.assert_status(200)["id"], entry);
        last = entry;
    }
}

#[tokio::test]
async fn entries_nest_the_customer_as_he_is_now() {
    let api = with_ten_points().await;
    let mut changed = customer("13900000009");
    changed["full_name"] = json!("李雷");
    let stored = api.put(&one(CUSTOMERS, 1), &changed).await.assert_status(200);
    let listed = api.get(HISTORY).await.assert_status(200);
    assert_eq!(listed["results"][0]["customer"], stored);
    let entry = listed["results"][0]["id"].as_u64().expect("id");
    assert_eq!(api.get(&one(HISTORY, entry)).await.assert_status(200)["customer"], stored);
    assert_eq!(adjust(&api, 1, 1).await.assert_status(201)["customer"], stored);
}

#[tokio::test]
async fn the_ledger_cannot_be_edited() {
    let api = Api::start().await;
    for method in ["PUT", "PATCH", "DELETE", "POST"] {
        let reply = api.call(method, &one(HISTORY, 11742), Some(&json!({"points": 5}))).await;
        crate::support::detail(&reply, 405, &format!("Method \"{method}\" not allowed."));
    }
    assert_eq!(api.get(&one(HISTORY, 11742)).await.assert_status(200)["points"], 0);
}
