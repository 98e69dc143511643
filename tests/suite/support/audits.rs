//! The operator's audit of the demo shop.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::Error;
use shop::keys::{self, Key};
use tests::Api;

use super::{
    LEVELS, SIGN,
    discounts::{coupon, give, issued_ids, set_status},
    orders::{cancelled, paid, put},
    points::{adjust, redeem, redeem_for},
    store_customers,
};

pub(crate) async fn audit(api: &Api, repair: bool) -> Value {
    let answer = audited(api, repair).await.expect("a report");
    serde_json::to_value(answer).expect("JSON")
}

pub(crate) async fn audited(api: &Api, repair: bool) -> Result<operator::Answer, Error> {
    let command = json!({"action": "audit", "shop": "demo", "repair": repair, "seconds": 600});
    let command = serde_json::from_value(command).expect("a command");
    operator::run(&api.store_of("operator").await, command).await
}

/// Asserts that a report has no drift and left nothing out.
#[track_caller]
pub(crate) fn is_clean(report: &Value) {
    assert_eq!((&report["drift"], &report["unsettled"]), (&json!(0), &json!(0)), "{report}");
    assert_eq!(report["goes_on_after"], Value::Null, "{report}");
}

/// Creates a shop with data of every kind.
pub(crate) async fn busy_shop() -> Api {
    let api = Api::start().await;
    store_customers(&api, &[1, 2]).await;
    api.post(LEVELS, &json!({"title": "x", "condition_points": 1, "redeem_points": 1, "sign_points": 2}))
        .await
        .assert_status(201);
    adjust(&api, 1, 100).await.assert_status(201);
    api.post(SIGN, &json!({"customer_id": 1})).await.assert_status(201);
    put(&api, 5, &paid("20.00", "0.00")).await;
    redeem(&api, 10).await.assert_status(201);
    redeem_for(&api, 5, 10).await.assert_status(201);
    put(&api, 5, &paid("20.00", "5.00")).await;
    put(&api, 5, &cancelled(paid("20.00", "5.00"))).await;
    let coupon = coupon(&api, "audit", &json!({})).await.id;
    let issued = give(&api, coupon, [1, 1, 2]).await;
    set_status(&api, issued_ids(&issued)[0], "used").await.assert_status(200);
    api
}

/// Sets a number of an item directly in the store.
pub(crate) async fn damage(api: &Api, key: &Key, attribute: &str, value: i64) {
    let store = &api.server.store;
    let update = store.client().update_item().table_name(store.table());
    let update =
        update.key(keys::PK, AttributeValue::S(key.pk.clone())).key(keys::SK, AttributeValue::S(key.sk.clone()));
    let update = update.update_expression("SET #a = :v").expression_attribute_names("#a", attribute);
    update.expression_attribute_values(":v", AttributeValue::N(value.to_string())).send().await.expect("damaged");
}
