//! Orders: codes and points that are used and given back in steps.

use crate::{
    discounts::checkout::uses::scattered,
    support::{
        ACCOUNTS, CODES, COUPONS, LEVELS, ORDERS, RELEASE, USE,
        audits::{audit, is_clean},
        discounts::count,
        faults::again,
        one,
        orders::{cancelled, paid},
        points::{adjust, redeem_for},
    },
};
use devserver::hostile::{Counted, Death, LastCall};
use serde_json::{Value, json};
use tests::Api;

use super::{
    Operation, Seen,
    deaths::{Process, State, customers},
    jobs::expire,
};

/// The order of all these tests.
pub(super) const ORDER: u64 = 5;

/// Creates a shop in which customer 1 has ten codes. Their use needs more than one transaction.
pub(super) async fn ten_codes(api: &Api) -> Vec<String> {
    customers(api, 1).await;
    let (_, texts, _) = scattered(api).await;
    texts
}

/// Returns the texts of customer 1's codes.
pub(super) async fn texts(api: &Api) -> Vec<Value> {
    let page = api.get(&format!("{CODES}?customer=1&page_size=100")).await.assert_status(200);
    page["results"].as_array().expect("rows").iter().map(|row| row["code"].clone()).collect()
}

/// Uses all ten codes for the order, with a key.
pub(super) async fn use_all(api: &Api, order: u64) {
    let body = json!({"codes": texts(api).await, "customer_id": 1, "order_id": order});
    assert_eq!(again(api, "POST", USE, "use", &body).await.assert_status(200)["count"], 10);
}

/// Asserts that the order uses this number of codes, by releasing them.
async fn counts_once(api: &Api, order: u64, codes: u64) {
    let released = api.post(RELEASE, &json!({"order_id": order})).await.assert_status(200);
    assert_eq!(released["count"], codes);
    assert_eq!(api.post(RELEASE, &json!({"order_id": order})).await.assert_status(200)["count"], 0);
    assert_eq!(count(api, &format!("{CODES}?status=unused")).await, 10);
}

fn paths() -> Vec<String> {
    let of_customer = ["unused", "used"].map(|status| format!("{CODES}?customer=1&status={status}&page_size=100"));
    of_customer.into_iter().chain([one(ACCOUNTS, 1), one(ORDERS, ORDER), format!("{CODES}?coupon=7")]).collect()
}

#[tokio::test]
async fn a_use_of_many_codes_is_whole() {
    let state = State::of(async |api| drop(ten_codes(api).await)).await;
    let run = async |api: &Api| use_all(api, ORDER).await;
    let probe = async |api: &Api| counts_once(api, ORDER, 10).await;
    Operation { paths: paths(), seen: Seen::Whole, run, probe }.dies_anywhere(&state).await;
}

#[tokio::test]
async fn a_release_of_many_codes_is_whole() {
    let state = used().await;
    let run = async |api: &Api| {
        again(api, "POST", RELEASE, "release", &json!({"order_id": ORDER})).await.assert_status(200);
    };
    let probe = async |api: &Api| counts_once(api, ORDER, 0).await;
    Operation { paths: paths(), seen: Seen::Whole, run, probe }.dies_anywhere(&state).await;
}

/// Saves the state after a use of all ten codes for a paid order on which points were spent.
pub(super) async fn used() -> State {
    State::of(async |api| {
        ten_codes(api).await;
        let level = json!({"title": "x", "redeem_points": 1, "gain_points": 1});
        api.post(LEVELS, &level).await.assert_status(201);
        adjust(api, 1, 30).await.assert_status(201);
        use_all(api, ORDER).await;
        api.put(&one(ORDERS, ORDER), &paid("20.00", "0.00")).await.assert_status(201);
        redeem_for(api, ORDER, 10).await.assert_status(201);
    })
    .await
}

/// Cancels the order, with a key.
pub(super) async fn cancel(api: &Api) {
    let body: Value = cancelled(paid("20.00", "0.00"));
    again(api, "PUT", &one(ORDERS, ORDER), "cancel", &body).await.assert_status(200);
}

#[tokio::test]
async fn a_cancelled_order_gives_everything_back() {
    let state = used().await;
    let probe = async |api: &Api| counts_once(api, ORDER, 0).await;
    Operation { paths: paths(), seen: Seen::Whole, run: cancel, probe }.dies_anywhere(&state).await;
}

#[tokio::test]
async fn holds_that_ended_are_given_back() {
    let state = State::of(async |api| {
        let texts = ten_codes(api).await;
        // A use one hour ago.
        api.server.clock.advance(-chrono::Duration::hours(1));
        let body = json!({"codes": texts, "customer_id": 1, "order_id": ORDER, "hold_seconds": 60});
        api.post(USE, &body).await.assert_status(200);
    })
    .await;
    let probe = async |api: &Api| counts_once(api, ORDER, 0).await;
    Operation { paths: paths(), seen: Seen::Whole, run: expire, probe }.dies_anywhere(&state).await;
}

#[tokio::test]
async fn an_audit_mends_nothing_of_a_use_that_is_half_stored() {
    let state = State::of(async |api| drop(ten_codes(api).await)).await;
    let run = async |api: &Api| {
        let body = json!({"codes": texts(api).await, "customer_id": 1, "order_id": ORDER});
        api.post(USE, &body).await.assert_status(200);
    };
    // Without a key the use is the eleventh write: the ten limits first set up their shards.
    let death = Death { after: 10, counted: Counted::Writes, last: LastCall::Unanswered };
    let state = state.left_by(death, run).await;
    let Process { api, .. } = &Process::start(&state.copy(), Death::NEVER).await;
    is_clean(&audit(api, true).await);
    assert_eq!(count(api, &format!("{CODES}?status=used")).await, 10);
    is_clean(&audit(api, true).await);
    counts_once(api, ORDER, 10).await;
    let coupons = api.get(COUPONS).await.assert_status(200);
    let used: Vec<_> =
        coupons["results"].as_array().expect("coupons").iter().map(|coupon| &coupon["used_count"]).collect();
    assert_eq!(used, [0; 10]);
    is_clean(&audit(api, false).await);
}
