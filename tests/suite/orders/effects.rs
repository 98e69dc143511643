//! The effects of an order's state on points. Each takes place once, however often and in whatever order the snapshots
//! arrive.

use serde_json::{Value, json};

use crate::support::{
    LEVELS, ORDERS, REFUND, detail, one,
    orders::{at, cancelled, paid, put, shop},
    points::{account, adjust, balance, entries, redeem, redeem_for},
    refused, store_customers,
};

#[tokio::test]
async fn becoming_paid_earns_and_the_entry_names_the_order() {
    let api = shop().await;
    let mut order = paid("20.50", "0.00");
    order["financial_status"] = json!("pending");
    put(&api, 5, &order).await;
    assert_eq!(entries(&api).await, []);
    put(&api, 5, &paid("20.50", "0.00")).await;
    assert_eq!(entries(&api).await, [("buy".to_owned(), 20)]);
    assert_eq!(balance(&api).await, 20);
}

#[tokio::test]
async fn each_of_the_paid_states_earns() {
    let api = shop().await;
    for (status, id) in ["paid", "partially_refunded", "refunded"].into_iter().zip(1..) {
        let mut order = paid("3.00", "0.00");
        order["financial_status"] = json!(status);
        put(&api, id, &order).await;
        assert_eq!(entries(&api).await.len() as u64, id, "{status}");
    }
    for (status, id) in ["pending", "authorized", "voided", "PAID", ""].into_iter().zip(11..) {
        let mut order = paid("3.00", "0.00");
        order["financial_status"] = json!(status);
        put(&api, id, &order).await;
        assert_eq!(entries(&api).await.len(), 3, "{status}");
    }
}

#[tokio::test]
async fn earning_is_floored_and_nothing_earned_is_an_entry_too() {
    let api = shop().await;
    for (price, points, id) in [("0.02", 0, 1), ("0.00", 0, 2), ("19.99", 19, 3), ("9999999999.99", 9_999_999_999, 4)] {
        put(&api, id, &paid(price, "0.00")).await;
        assert_eq!(entries(&api).await.last(), Some(&("buy".to_owned(), points)), "{price}");
    }
}

#[tokio::test]
async fn earning_follows_the_gain_of_the_customers_level_at_that_moment() {
    let api = shop().await;
    let level = |condition: u64, gain: f64| json!({"title": "x", "condition_points": condition, "gain_points": gain});
    api.post(LEVELS, &level(0, 0.5)).await.assert_status(201);
    api.post(LEVELS, &level(30, 1.07)).await.assert_status(201);
    api.post(LEVELS, &level(30, 5.0)).await.assert_status(201);
    for (price, points, id) in [("19.99", 29, 1), ("2.00", 3, 2), ("10.00", 20, 3), ("100.00", 207, 4)] {
        put(&api, id, &paid(price, "0.00")).await;
        assert_eq!(entries(&api).await.last(), Some(&("buy".to_owned(), points)), "{price}");
    }
}

#[tokio::test]
async fn an_order_without_a_customer_earns_nothing() {
    let api = shop().await;
    let mut order = paid("20.00", "0.00");
    order["customer"] = Value::Null;
    put(&api, 5, &order).await;
    put(&api, 5, &cancelled(order)).await;
    assert_eq!(entries(&api).await, []);
}

#[tokio::test]
async fn a_changed_customer_is_refused_and_changes_nothing() {
    let api = shop().await;
    store_customers(&api, &[2]).await;
    put(&api, 5, &paid("20.00", "0.00")).await;
    let mut guest = paid("20.00", "0.00");
    guest["customer"] = Value::Null;
    put(&api, 6, &guest).await;
    let message = "The customer of an order cannot be changed.";
    let mut other = paid("20.00", "20.00");
    other["customer"] = json!({"id": 2});
    refused(&api.put(&one(ORDERS, 5), &other).await, "customer", message, &2);
    other["customer"] = Value::Null;
    refused(&api.put(&one(ORDERS, 5), &other).await, "customer", message, &"none");
    refused(&api.put(&one(ORDERS, 6), &paid("20.00", "0.00")).await, "customer", message, &"guest");
    refused(&api.put(&one(ORDERS, 5), &json!({"customer_id": 2})).await, "customer_id", message, &"by id");
    assert_eq!(entries(&api).await, [("buy".to_owned(), 20)]);
    let mut silent = paid("20.00", "20.00");
    silent.as_object_mut().expect("an object").remove("customer");
    let shown = put(&api, 5, &silent).await.assert_status(200);
    assert_eq!((balance(&api).await, &shown["customer"]["id"]), (0, &json!(1)));
}

#[tokio::test]
async fn the_same_snapshot_acts_once_however_often_it_comes() {
    let api = shop().await;
    for order in [paid("20.00", "0.00"), paid("20.00", "7.00"), cancelled(paid("20.00", "7.00"))] {
        for _ in 0..3 {
            put(&api, 5, &order).await;
        }
    }
    let written = [("buy", 20), ("refund", -7), ("refund", -13)].map(|(kind, points)| (kind.to_owned(), points));
    assert_eq!(entries(&api).await, written);
}

#[tokio::test]
async fn four_refunds_of_5_take_back_what_one_of_20_does() {
    let api = shop().await;
    api.post(LEVELS, &json!({"title": "x", "gain_points": 0.37})).await.assert_status(201);
    // 46 points for 34.00: floor(46 x 5 / 34) = 6, 13, 20, 27.
    for refunded in ["0.00", "5.00", "10.00", "15.00", "20.00"] {
        put(&api, 5, &paid("34.00", refunded)).await;
    }
    put(&api, 6, &paid("34.00", "20.00")).await;
    let written: Vec<_> = entries(&api).await.into_iter().map(|(_, points)| points).collect();
    assert_eq!(written, [46, -6, -7, -7, -7, 46, -27]);
}

#[tokio::test]
async fn refunds_take_back_everything_in_the_end_and_never_more_than_was_earned() {
    let api = shop().await;
    put(&api, 5, &paid("20.00", "19.99")).await;
    assert_eq!(balance(&api).await, 1);
    for refunded in ["20.00", "50.00"] {
        put(&api, 5, &paid("20.00", refunded)).await;
        assert_eq!(balance(&api).await, 0);
    }
    // A refund that is taken back does not earn again.
    put(&api, 5, &paid("20.00", "0.00")).await;
    assert_eq!(entries(&api).await.len(), 3);
}

#[tokio::test]
async fn a_first_snapshot_that_is_refunded_writes_both_entries() {
    let api = shop().await;
    let mut order = paid("20.00", "20.00");
    order["financial_status"] = json!("refunded");
    put(&api, 5, &order).await;
    put(&api, 6, &cancelled(paid("30.00", "0.00"))).await;
    let written = [("buy", 20), ("refund", -20), ("buy", 30), ("refund", -30)];
    assert_eq!(entries(&api).await, written.map(|(kind, points)| (kind.to_owned(), points)));
}

#[tokio::test]
async fn what_the_balance_does_not_hold_is_written_off_and_never_collected_later() {
    let api = shop().await;
    put(&api, 5, &paid("20.00", "0.00")).await;
    adjust(&api, 1, -15).await.assert_status(201);
    put(&api, 5, &paid("20.00", "10.00")).await;
    assert_eq!(balance(&api).await, 0);
    adjust(&api, 1, 100).await.assert_status(201);
    put(&api, 5, &paid("20.00", "10.00")).await;
    assert_eq!(balance(&api).await, 100);
    put(&api, 5, &paid("20.00", "15.00")).await;
    assert_eq!(balance(&api).await, 95);
    put(&api, 5, &cancelled(paid("20.00", "15.00"))).await;
    assert_eq!(balance(&api).await, 90);
    put(&api, 6, &paid("20.00", "0.00")).await;
    adjust(&api, 1, -110).await.assert_status(201);
    put(&api, 6, &paid("20.00", "20.00")).await;
    adjust(&api, 1, 90).await.assert_status(201);
    put(&api, 6, &cancelled(paid("20.00", "20.00"))).await;
    assert_eq!(balance(&api).await, 90);
    let earned = account(&api).await["earned_points"].clone();
    assert_eq!(earned, 20 + 100 - 5 - 5 - 5 + 20 + 90);
}

#[tokio::test]
async fn a_reversal_is_in_proportion_to_what_was_paid_when_the_order_earned() {
    let api = shop().await;
    put(&api, 5, &paid("20.00", "0.00")).await;
    put(&api, 5, &paid("10.00", "5.00")).await;
    assert_eq!(balance(&api).await, 15);
    put(&api, 5, &paid("1000.00", "20.00")).await;
    assert_eq!(balance(&api).await, 0);
}

#[tokio::test]
async fn a_reversal_of_nothing_is_no_entry() {
    let api = shop().await;
    put(&api, 5, &cancelled(paid("0.50", "0.50"))).await;
    assert_eq!(entries(&api).await, [("buy".to_owned(), 0)]);
}

#[tokio::test]
async fn an_order_that_is_cancelled_no_more_earns_nothing_again_and_can_be_spent_on() {
    let api = shop().await;
    api.post(LEVELS, &json!({"title": "x", "redeem_points": 1})).await.assert_status(201);
    adjust(&api, 1, 10).await.assert_status(201);
    for _ in 0..2 {
        put(&api, 5, &cancelled(paid("20.00", "0.00"))).await;
        put(&api, 5, &paid("20.00", "0.00")).await;
        assert_eq!(balance(&api).await, 10);
    }
    redeem_for(&api, 5, 10).await.assert_status(201);
    put(&api, 5, &cancelled(paid("20.00", "0.00"))).await;
    assert_eq!(balance(&api).await, 10);
}

#[tokio::test]
async fn what_was_spent_on_a_cancelled_order_comes_back_before_what_it_earned_is_taken() {
    let api = shop().await;
    api.post(LEVELS, &json!({"title": "x", "redeem_points": 1})).await.assert_status(201);
    adjust(&api, 1, 100).await.assert_status(201);
    put(&api, 5, &paid("50.00", "0.00")).await;
    redeem_for(&api, 5, 100).await.assert_status(201);
    redeem(&api, 50).await.assert_status(201);
    assert_eq!(balance(&api).await, 0);
    put(&api, 5, &cancelled(paid("50.00", "0.00"))).await;
    assert_eq!(balance(&api).await, 50);
}

#[tokio::test]
async fn both_signs_of_a_cancelled_order_count() {
    let api = shop().await;
    let mut by_time = paid("20.00", "0.00");
    by_time["cancelled_at"] = json!("2026-01-01T10:00:00+08:00");
    for (order, id) in [(cancelled(paid("20.00", "0.00")), 1), (by_time, 2)] {
        put(&api, id, &paid("20.00", "0.00")).await;
        put(&api, id, &order).await;
        assert_eq!(balance(&api).await, 0);
    }
}

#[tokio::test]
async fn a_cancelled_order_gives_back_the_points_spent_on_it_once() {
    let api = shop().await;
    api.post(LEVELS, &json!({"title": "x", "redeem_points": 1})).await.assert_status(201);
    adjust(&api, 1, 100).await.assert_status(201);
    let open = json!({"customer": {"id": 1}});
    put(&api, 5, &open).await;
    let first = redeem_for(&api, 5, 30).await.assert_status(201);
    redeem_for(&api, 5, 20).await.assert_status(201);
    redeem(&api, 10).await.assert_status(201);
    put(&api, 5, &paid("50.00", "0.00")).await;
    assert_eq!(balance(&api).await, 100 - 60 + 50);
    for _ in 0..2 {
        put(&api, 5, &cancelled(paid("50.00", "0.00"))).await;
        assert_eq!(balance(&api).await, 90);
        assert_eq!(account(&api).await["redeemed_this_month"], 10);
    }
    let refund = api.post(REFUND, &json!({"point_history_id": first["id"]})).await;
    detail(&refund, 409, "This redemption was refunded already.");
    detail(&redeem_for(&api, 5, 1).await, 409, "This order is cancelled.");
    let written: Vec<_> = entries(&api).await.into_iter().map(|(kind, points)| format!("{kind} {points}")).collect();
    let expected =
        ["manual 100", "redeem -30", "redeem -20", "redeem -10", "buy 50", "refund 30", "refund 20", "refund -50"];
    assert_eq!(written, expected);
}

#[tokio::test]
async fn ten_redemptions_of_a_cancelled_order_are_given_back_in_one_step() {
    let api = shop().await;
    api.post(LEVELS, &json!({"title": "x", "redeem_points": 1})).await.assert_status(201);
    adjust(&api, 1, 100).await.assert_status(201);
    put(&api, 5, &json!({"customer": {"id": 1}})).await;
    for points in 1..=10 {
        redeem_for(&api, 5, points).await.assert_status(201);
    }
    let message = "This order has 10 live redemptions, which is the most.";
    refused(&redeem_for(&api, 5, 1).await, "order_id", message, &"the eleventh");
    put(&api, 5, &cancelled(paid("50.00", "0.00"))).await;
    assert_eq!((balance(&api).await, entries(&api).await.len()), (100, 23));
}

#[tokio::test]
async fn an_older_snapshot_is_answered_and_ignored() {
    let api = shop().await;
    let newest = put(&api, 5, &at(paid("20.00", "5.00"), 30)).await.assert_status(201);
    for older in [at(paid("20.00", "20.00"), 29), at(cancelled(paid("90.00", "0.00")), 0)] {
        assert_eq!(api.put(&one(ORDERS, 5), &older).await.assert_status(200), newest);
    }
    assert_eq!((balance(&api).await, api.get(&one(ORDERS, 5)).await.assert_status(200)), (15, newest));
    put(&api, 5, &at(paid("20.00", "10.00"), 30)).await;
    put(&api, 5, &at(paid("20.00", "20.00"), 31)).await;
    assert_eq!(entries(&api).await.len(), 4);
    // A snapshot without `updated_at` is not older.
    put(&api, 5, &paid("20.00", "0.00")).await;
    assert_eq!(api.get(&one(ORDERS, 5)).await.assert_status(200)["refunded_price"], "0.00");
    put(&api, 5, &at(cancelled(paid("20.00", "0.00")), 30)).await;
    assert_eq!(api.get(&one(ORDERS, 5)).await.assert_status(200)["order_status"], "open");
}

#[tokio::test]
async fn points_beyond_every_balance_are_refused_and_nothing_is_stored() {
    let api = shop().await;
    api.post(LEVELS, &json!({"title": "x", "gain_points": 2_147_483_647})).await.assert_status(201);
    let reply = api.put(&one(ORDERS, 5), &paid("9999999999.99", "0.00")).await;
    refused(&reply, "paid_price", "The balance would be too large.", &"huge");
    detail(&api.get(&one(ORDERS, 5)).await, 404, "Not found.");
}

#[tokio::test]
async fn a_refunded_order_that_does_not_say_how_much_takes_all_back() {
    let api = shop().await;
    for (id, refunded) in [(1, None), (2, Some(Value::Null))] {
        put(&api, id, &paid("20.00", "0.00")).await;
        let mut order = paid("20.00", "0.00");
        order["financial_status"] = json!("refunded");
        order.as_object_mut().expect("an object").remove("refunded_price");
        order.as_object_mut().expect("an object").extend(refunded.map(|value| ("refunded_price".to_owned(), value)));
        put(&api, id, &order).await;
        assert_eq!(balance(&api).await, 0);
    }
    // A snapshot with its own amount is believed.
    let mut order = paid("20.00", "5.00");
    order["financial_status"] = json!("refunded");
    put(&api, 3, &order).await;
    assert_eq!(balance(&api).await, 15);
}
