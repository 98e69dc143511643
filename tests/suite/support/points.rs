//! Points of a customer: adjusting, redeeming and refunding them, and reading the account.

use serde_json::{Value, json};
use tests::{Api, Reply};

use super::{ACCOUNTS, ADJUST, HISTORY, REDEEM, REFUND, one};

/// Adjusts the points of a customer.
pub(crate) async fn adjust(api: &Api, customer: u64, points: i64) -> Reply {
    api.post(ADJUST, &json!({"customer_id": customer, "points": points})).await
}

/// Returns the account of customer 1.
pub(crate) async fn account(api: &Api) -> Value {
    api.get(&one(ACCOUNTS, 1)).await.assert_status(200)
}

/// Returns the balance of customer 1. Asserts that it is the sum of the entries.
pub(crate) async fn balance(api: &Api) -> i64 {
    let points = account(api).await["points"].as_i64().expect("points");
    let sum: i64 = entries(api).await.iter().map(|(_, points)| points).sum();
    assert_eq!(points, sum);
    points
}

/// Returns kind and points of the entries of customer 1, oldest first. There must be at most a hundred.
pub(crate) async fn entries(api: &Api) -> Vec<(String, i64)> {
    let listed = api.get(&format!("{HISTORY}?customer=1&page_size=100&order_by=id")).await.assert_status(200);
    let rows = listed["results"].as_array().expect("rows");
    assert_eq!(listed["count"], rows.len());
    let row = |row: &Value| {
        let kind = row["kind"].as_str().expect("a kind").to_owned();
        (kind, row["points"].as_i64().expect("points"))
    };
    rows.iter().map(row).collect()
}

/// Redeems points of customer 1.
pub(crate) async fn redeem(api: &Api, points: i64) -> Reply {
    api.post(REDEEM, &json!({"customer_id": 1, "points": points})).await
}

/// Redeems points of customer 1 for an order.
pub(crate) async fn redeem_for(api: &Api, order: u64, points: i64) -> Reply {
    api.post(REDEEM, &json!({"customer_id": 1, "points": points, "order_id": order})).await
}

pub(crate) async fn refund(api: &Api, entry: &Value) -> Reply {
    api.post(REFUND, &json!({"point_history_id": entry["id"]})).await
}
