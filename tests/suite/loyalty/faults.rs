//! Points over a store with conflicts, throttling, errors, and time-outs before and after the effect. No change takes
//! effect twice, and none is lost.

use crate::support::{
    ACCOUNTS, ADJUST, HISTORY, LEVELS, ORDERS, REDEEM, REFUND, SIGN,
    faults::{again, hostile, read},
    one,
    orders::{cancelled, paid},
};
use chrono::NaiveDate;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shop::loyalty::days as point_days;
use tests::{Api, Reply};

/// Sends an order of this customer without a key until it is answered.
async fn put(api: &Api, id: u64, customer: u64, mut order: Value) -> Reply {
    order["customer"] = json!({ "id": customer });
    loop {
        let reply = api.put(&one(ORDERS, id), &order).await;
        if reply.status != 503 {
            assert!([200, 201].contains(&reply.status), "{}", reply.text);
            return reply;
        }
    }
}

async fn points(api: &Api, customer: u64) -> i64 {
    read(api, &one(ACCOUNTS, customer)).await["points"].as_i64().expect("points")
}

/// Returns the number of a customer's entries of one kind. The customer has at most a hundred entries.
async fn entries(api: &Api, customer: u64, kind: &str) -> usize {
    let listed = read(api, &format!("{HISTORY}?customer={customer}&page_size=100")).await;
    let rows = listed["results"].as_array().expect("rows");
    assert_eq!(listed["count"], rows.len());
    rows.iter().filter(|row| row["kind"] == kind).count()
}

/// Asserts that the closing balance of the shop is the sum over its customers.
async fn ties_out(api: &Api, customers: u64) {
    let shop = "demo".parse().expect("a shop");
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a day");
    let lines = loop {
        if let Ok(lines) = point_days::liability(&api.server.store, &shop, (last, last)).await {
            break lines;
        }
    };
    let mut owed = 0;
    for customer in 1..=customers {
        owed += points(api, customer).await;
    }
    assert_eq!(lines[0].closing, owed);
}

#[tokio::test]
async fn orders_act_once_however_often_they_are_sent() {
    let (api, hostile) = hostile(4, 21).await;
    let states = [paid("20.00", "0.00"), paid("20.00", "5.00"), cancelled(paid("20.00", "5.00"))];
    for state in states {
        let puts = (1..=16u64).map(|number| put(&api, number % 8 + 1, number % 4 + 1, state.clone()));
        join_all(puts).await;
    }
    assert!(hostile.injected() > 0);
    for customer in 1..=4 {
        // Each customer has two orders. Of each, one snapshot earns, one takes back a quarter, and one the rest.
        let counts = (entries(&api, customer, "buy").await, entries(&api, customer, "refund").await);
        assert_eq!((counts, points(&api, customer).await), ((2, 4), 0), "{customer}");
    }
    ties_out(&api, 4).await;
}

#[tokio::test]
async fn redemptions_refunds_and_signs_happen_once_under_their_keys() {
    let (api, hostile) = hostile(2, 22).await;
    let level = json!({"title": "x", "redeem_points": 1, "sign_points": 5, "redeem_limitation_monthly": 60});
    again(&api, "POST", LEVELS, "level", &level).await.assert_status(201);
    for customer in [1, 2] {
        let body = json!({"customer_id": customer, "points": 100});
        again(&api, "POST", ADJUST, &format!("adjust-{customer}"), &body).await.assert_status(201);
    }
    let clients = (0..24u64).map(async |number| {
        let customer = number % 2 + 1;
        let sign = again(&api, "POST", SIGN, &format!("sign-{number}"), &json!({ "customer_id": customer })).await;
        let body = json!({"customer_id": customer, "points": 10});
        let redeemed = again(&api, "POST", REDEEM, &format!("redeem-{number}"), &body).await;
        let mut refunded = None;
        if redeemed.status == 201 && number < 4 {
            let body = json!({"point_history_id": redeemed.json()["id"]});
            refunded = Some(again(&api, "POST", REFUND, &format!("refund-{number}"), &body).await.status);
        }
        (customer, sign.status, redeemed.status, refunded)
    });
    let outcomes = join_all(clients).await;
    assert!(hostile.injected() > 0);
    for customer in [1, 2] {
        let mine: Vec<_> = outcomes.iter().filter(|outcome| outcome.0 == customer).collect();
        let redeemed = mine.iter().filter(|outcome| outcome.2 == 201).count();
        let refunded = mine.iter().filter(|outcome| outcome.3 == Some(201)).count();
        assert_eq!(mine.iter().filter(|outcome| outcome.1 == 201).count(), 1, "one sign-in: {mine:?}");
        assert!(mine.iter().all(|outcome| outcome.3.is_none_or(|status| status == 201)), "{mine:?}");
        let live = redeemed - refunded;
        assert!((1..=6).contains(&live), "{mine:?}");
        let counts = (entries(&api, customer, "redeem").await, entries(&api, customer, "refund").await);
        assert_eq!(counts, (redeemed, refunded));
        let left = 105 - 10 * i64::try_from(live).expect("few");
        let shown = read(&api, &one(ACCOUNTS, customer)).await;
        assert_eq!((&shown["points"], &shown["redeemed_this_month"]), (&json!(left), &json!(live * 10)));
    }
    ties_out(&api, 2).await;
}
