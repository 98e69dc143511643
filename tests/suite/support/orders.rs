//! Orders of customer 1 as a shop sends them.

use serde_json::{Value, json};
use tests::{Api, Reply};

use super::{ORDERS, one, store_customers};

/// Returns a paid order of customer 1 with this refunded amount.
pub(crate) fn paid(price: &str, refunded: &str) -> Value {
    json!({
        "customer": {"id": 1}, "order_status": "open", "financial_status": "paid", "cancelled_at": null,
        "paid_price": price, "refunded_price": refunded,
    })
}

/// Cancels an order.
pub(crate) fn cancelled(mut order: Value) -> Value {
    order["order_status"] = json!("cancelled");
    order
}

/// Sets the second of an order's `updated_at`.
pub(crate) fn at(mut order: Value, second: u32) -> Value {
    order["updated_at"] = json!(format!("2026-01-01T10:00:{second:02}+08:00"));
    order
}

pub(crate) async fn put(api: &Api, id: u64, order: &Value) -> Reply {
    let reply = api.put(&one(ORDERS, id), order).await;
    assert!([200, 201].contains(&reply.status), "{}", reply.text);
    reply
}

/// Creates an empty shop with customer 1.
pub(crate) async fn shop() -> Api {
    let api = Api::empty().await;
    store_customers(&api, &[1]).await;
    api
}
