//! What staff do in the console, in a headless Chromium on the real local server. These want a browser: `.ci/browser`
//! brings one and runs them.

mod account;
mod browser;
mod codes;
mod coupons;
mod finding;
mod frame;
mod meanwhile;
mod price_rules;
mod reference;
mod typed;
mod views;

use serde_json::{Value, json};
use tests::Api;

use crate::{
    discounts::{Coupon, coupon},
    support::{CUSTOMERS, LEVELS, customer, one},
};

/// Two customers, a level that redeems, and a coupon with the prefix `spring`: 10 off.
async fn shop() -> (Api, Coupon) {
    let api = Api::empty().await;
    for id in [1, 2] {
        api.put(&one(CUSTOMERS, id), &customer(&format!("1390000000{id}"))).await.expect(201);
    }
    api.post(LEVELS, &json!({"title": "铜", "redeem_points": 10, "sign_points": 5})).await.expect(201);
    let spring = coupon(&api, "spring", &json!({"title": "Spring"})).await;
    (api, spring)
}

/// A number that the API shows.
async fn number(api: &Api, path: &str, field: &str) -> Value {
    api.get(path).await.expect(200)[field].clone()
}
