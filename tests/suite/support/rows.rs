//! Customers and levels of the tests.

use serde_json::{Value, json};
use tests::{Api, Reply};

use super::{CUSTOMERS, LEVELS, one};

/// Returns the id of a created row.
#[track_caller]
pub(crate) fn id(created: &Reply) -> u64 {
    created.assert_status(201)["id"].as_u64().expect("an id")
}

/// Returns a whole customer as the shop sends it, without the times.
pub(crate) fn customer(mobile: &str) -> Value {
    json!({
        "mobile": mobile, "full_name": "王小明", "gender": "unknown", "email": null, "birthday": null, "note": "",
        "accepts_marketing": true,
    })
}

/// Stores customers with these ids, in this order.
pub(crate) async fn store_customers(api: &Api, ids: &[u64]) {
    for id in ids {
        let stored = api.put(&one(CUSTOMERS, id), &customer(&format!("139{id:08}"))).await;
        stored.assert_status(201);
    }
}

/// Creates a level with this title and returns its id.
pub(crate) async fn level(api: &Api, title: &str) -> u64 {
    id(&api.post(LEVELS, &json!({ "title": title })).await)
}
