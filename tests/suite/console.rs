//! The console in a headless Chromium on the real local server. These tests need a browser: `.ci/browser` installs one
//! and runs them.

mod account;
mod browser;
mod codes;
mod coupons;
mod files;
mod finding;
mod frame;
mod meanwhile;
mod price_rules;
mod reference;
mod typed;
mod views;

use serde_json::{Value, json};
use tests::Api;

use crate::support::{
    CUSTOMERS, LEVELS, customer,
    discounts::{Coupon, coupon},
    one,
};

/// Creates two customers, a level that redeems, and a coupon with the prefix `spring` that takes 10 off.
async fn shop() -> (Api, Coupon) {
    let api = Api::empty().await;
    for id in [1, 2] {
        api.put(&one(CUSTOMERS, id), &customer(&format!("1390000000{id}"))).await.assert_status(201);
    }
    api.post(LEVELS, &json!({"title": "铜", "redeem_points": 10, "sign_points": 5})).await.assert_status(201);
    let spring = coupon(&api, "spring", &json!({"title": "Spring"})).await;
    (api, spring)
}

/// Returns a field of an API reply.
async fn number(api: &Api, path: &str, field: &str) -> Value {
    api.get(path).await.assert_status(200)[field].clone()
}
