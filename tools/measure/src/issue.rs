//! The time of an issue of codes on the embedded store.

use std::time::Instant;

use serde_json::json;
use tests::Api;

/// Issues 1, 10, 100 and 1000 codes `times` times each, and prints medians.
pub(crate) async fn run(times: u64) {
    let api = Api::empty().await;
    let customers = (1..=1000u64).map(|id| json!({ "id": id })).collect();
    api.post("/api/crm/customer/", &customers).await.assert_status(201);
    let rule = json!({"title": "measured", "value": "-10.00", "value_type": "fixed_amount"});
    let coupon =
        api.post("/api/discounts/coupon/", &json!({"code_prefix": "A", "price_rule": rule})).await.assert_status(201);
    println!("| codes in one request | median ms |\n|---:|---:|");
    for codes in [1u64, 10, 100, 1000] {
        let body = (1..=codes).map(|id| json!({"customer_id": id, "coupon_id": coupon["id"]})).collect();
        let mut took = Vec::new();
        for _ in 0..times {
            let began = Instant::now();
            api.post("/api/discounts/coupon_code/", &body).await.assert_status(201);
            took.push(began.elapsed().as_millis());
        }
        took.sort_unstable();
        println!("| {codes} | {} |", took[took.len() / 2]);
    }
}
