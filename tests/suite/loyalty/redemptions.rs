//! `POST /api/loyalty/point_history/redeem/` and `refund/`: spending points and giving them back.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::Api;

use crate::{
    loyalty::signs::{move_to, shop_in},
    support::{
        HISTORY, LEVELS, NOT_AN_INTEGER, NULL, REDEEM, REFUND, REQUIRED, detail, keys, one,
        orders::put,
        points::{account, adjust, balance, entries, redeem, redeem_for, refund},
        refused, same_text, store_customers,
    },
};

/// Creates a shop with customer 1, who has this number of points on this level.
async fn shop(points: i64, level: Value) -> Api {
    let api = Api::empty().await;
    store_customers(&api, &[1]).await;
    api.post(LEVELS, &level).await.assert_status(201);
    adjust(&api, 1, points).await.assert_status(201);
    api
}

fn level(redeem_points: u32, at_once: u32, monthly: u32) -> Value {
    json!({
        "title": "x", "redeem_points": redeem_points, "redeem_limitation": at_once,
        "redeem_limitation_monthly": monthly,
    })
}

#[tokio::test]
async fn a_redemption_is_an_entry_with_negative_points_and_its_price() {
    let api = shop(1000, level(30, 0, 0)).await;
    let reply = redeem(&api, 100).await.assert_status(201);
    assert_eq!(keys(&reply), ["id", "customer", "points", "kind", "order", "created_at", "points_price"]);
    let said = (&reply["points"], &reply["kind"], &reply["points_price"], &reply["order"]);
    assert_eq!(said, (&json!(-100), &json!("redeem"), &json!("3.33"), &Value::Null));
    same_text(&api.get(HISTORY).await.assert_status(200)["results"][0], &reply);
    let entry = api.get(&one(HISTORY, reply["id"].as_u64().expect("id"))).await.assert_status(200);
    assert_eq!((&entry["points_price"], &entry["order_id"]), (&json!("3.33"), &Value::Null));
    assert_eq!(balance(&api).await, 900);
    // An empty text is no order id.
    let body = json!({"customer_id": 1, "points": 100, "order_id": ""});
    assert_eq!(api.post(REDEEM, &body).await.assert_status(201)["order"], Value::Null);
}

#[tokio::test]
async fn the_price_is_floored_to_the_cent_and_nothing_is_refused() {
    let api = shop(100_000, level(700, 0, 0)).await;
    for (points, price) in [(7, "0.01"), (13, "0.01"), (14, "0.02"), (699, "0.99"), (700, "1.00"), (1_401, "2.00")] {
        assert_eq!(redeem(&api, points).await.assert_status(201)["points_price"], price, "{points}");
    }
    let before = balance(&api).await;
    let message = "6 points are worth less than 0.01; 700 are worth 1.00.";
    refused(&redeem(&api, 6).await, "points", message, &6);
    assert_eq!(balance(&api).await, before);
}

#[tokio::test]
async fn the_balance_is_the_limit_and_the_refusal_says_it() {
    let api = shop(100, level(1, 0, 0)).await;
    refused(&redeem(&api, 101).await, "points", "This customer has only 100 points.", &101);
    redeem(&api, 100).await.assert_status(201);
    refused(&redeem(&api, 1).await, "points", "This customer has only 0 points.", &1);
    assert_eq!((balance(&api).await, entries(&api).await.len()), (0, 2));
}

#[tokio::test]
async fn the_cap_of_one_redemption_holds() {
    let api = shop(1000, level(1, 100, 0)).await;
    refused(&redeem(&api, 101).await, "points", "This level redeems at most 100 points at once.", &101);
    for _ in 0..3 {
        redeem(&api, 100).await.assert_status(201);
    }
}

#[tokio::test]
async fn the_cap_of_a_month_holds_and_the_refusal_says_what_is_left() {
    let api = shop(1000, level(1, 0, 100)).await;
    let first = redeem(&api, 70).await.assert_status(201);
    let message = "This level redeems at most 100 points a month; 30 are left of this month.";
    refused(&redeem(&api, 31).await, "points", message, &31);
    redeem(&api, 30).await.assert_status(201);
    let message = "This level redeems at most 100 points a month; 0 are left of this month.";
    refused(&redeem(&api, 1).await, "points", message, &1);
    refund(&api, &first).await.assert_status(201);
    assert_eq!(account(&api).await["redeemed_this_month"], 30);
    redeem(&api, 70).await.assert_status(201);
}

#[tokio::test]
async fn all_that_forbids_a_redemption_is_said() {
    let api = shop(10, level(1, 8, 5)).await;
    let errors = redeem(&api, 11).await.assert_status(400);
    assert_eq!(errors["points"].as_array().expect("messages").len(), 3, "{errors}");
}

#[tokio::test]
async fn without_a_level_that_redeems_nothing_is_redeemed() {
    let api = shop(100, level(0, 0, 0)).await;
    let message = "This customer's level redeems no points; 0 can be redeemed.";
    refused(&redeem(&api, 1).await, "points", message, &"off");
    let level = api.get(LEVELS).await.ids()[0];
    api.delete(&one(LEVELS, level)).await.assert_status(204);
    refused(&redeem(&api, 1).await, "points", message, &"no level");
    assert_eq!(balance(&api).await, 100);
}

#[tokio::test]
async fn every_bad_field_of_a_redemption_is_refused() {
    let api = shop(100, level(1, 0, 0)).await;
    let too_small = "Ensure this value is greater than or equal to 1.";
    let too_large = "Ensure this value is less than or equal to 2147483647.";
    for (points, message) in [
        (json!(0), too_small),
        (json!(-5), too_small),
        (json!(2_147_483_648_u64), too_large),
        (json!(1.5), NOT_AN_INTEGER),
        (json!("x"), NOT_AN_INTEGER),
        (json!(true), NOT_AN_INTEGER),
        (Value::Null, NULL),
    ] {
        let reply = api.post(REDEEM, &json!({"customer_id": 1, "points": points})).await;
        refused(&reply, "points", message, &points);
    }
    let missing = |id: u64| format!("Invalid pk \"{id}\" - object does not exist.");
    let unknown = api.post(REDEEM, &json!({"customer_id": 9, "points": 1})).await;
    refused(&unknown, "customer_id", &missing(9), &9);
    refused(&redeem_for(&api, 7, 1).await, "order_id", &missing(7), &7);
    let both = api.post(REDEEM, &json!({"customer_id": 9, "points": 1, "order_id": 7})).await.assert_status(400);
    assert_eq!(both, json!({"customer_id": [missing(9)], "order_id": [missing(7)]}));
    let nothing = api.post(REDEEM, &json!({})).await.assert_status(400);
    assert_eq!(nothing, json!({"customer_id": [REQUIRED], "points": [REQUIRED]}));
    let all = api.post(REDEEM, &json!({"customer_id": 9, "points": 0})).await.assert_status(400);
    assert_eq!(all, json!({"customer_id": [missing(9)], "points": [too_small]}));
    assert_eq!(entries(&api).await.len(), 1);
}

#[tokio::test]
async fn a_redemption_for_an_order_nests_it_and_needs_one_of_this_customer() {
    let api = shop(100, level(1, 0, 0)).await;
    store_customers(&api, &[2]).await;
    put(&api, 5, &json!({"customer": {"id": 1}, "note": "单"})).await;
    put(&api, 6, &json!({"customer": {"id": 2}})).await;
    put(&api, 7, &json!({"customer": null})).await;
    let reply = redeem_for(&api, 5, 10).await.assert_status(201);
    assert_eq!((&reply["order"]["id"], &reply["order"]["note"]), (&json!(5), &json!("单")));
    same_text(&api.get(HISTORY).await.assert_status(200)["results"][0], &reply);
    for order in [6, 7] {
        refused(&redeem_for(&api, order, 10).await, "order_id", "This order is not of this customer.", &order);
    }
    let given_back = refund(&api, &reply).await.assert_status(201);
    assert_eq!(given_back["order"], reply["order"]);
}

#[tokio::test]
async fn a_refund_gives_a_redemption_back_once() {
    let api = shop(100, level(1, 0, 0)).await;
    let redemption = redeem(&api, 40).await.assert_status(201);
    let reply = refund(&api, &redemption).await.assert_status(201);
    assert_eq!(keys(&reply), ["id", "customer", "points", "kind", "order", "created_at"]);
    assert_eq!((&reply["points"], &reply["kind"]), (&json!(40), &json!("refund")));
    detail(&refund(&api, &redemption).await, 409, "This redemption was refunded already.");
    assert_eq!((balance(&api).await, &account(&api).await["redeemed_this_month"]), (100, &json!(0)));
}

#[tokio::test]
async fn only_redemptions_are_refunded() {
    let api = shop(100, level(1, 0, 0)).await;
    let redemption = redeem(&api, 40).await.assert_status(201);
    let back = refund(&api, &redemption).await.assert_status(201);
    let first = api.get(HISTORY).await.ids().pop().expect("an adjustment");
    for entry in [back["id"].clone(), json!(first)] {
        let reply = api.post(REFUND, &json!({"point_history_id": entry})).await;
        refused(&reply, "point_history_id", "This entry is no redemption.", &entry);
    }
    let missing = r#"Invalid pk "999" - object does not exist."#;
    refused(&api.post(REFUND, &json!({"point_history_id": 999})).await, "point_history_id", missing, &999);
    refused(&api.post(REFUND, &json!({})).await, "point_history_id", REQUIRED, &"none");
    refused(&api.post(REFUND, &json!({"point_history_id": null})).await, "point_history_id", NULL, &"null");
}

#[tokio::test]
async fn a_refund_frees_a_place_on_its_order() {
    let api = shop(100, level(1, 0, 0)).await;
    put(&api, 5, &json!({"customer": {"id": 1}})).await;
    let mut last = Value::Null;
    for _ in 0..10 {
        last = redeem_for(&api, 5, 1).await.assert_status(201);
    }
    assert_eq!(redeem_for(&api, 5, 1).await.status, 400);
    refund(&api, &last).await.assert_status(201);
    redeem_for(&api, 5, 1).await.assert_status(201);
}

#[tokio::test]
async fn a_month_of_the_shop_begins_with_its_own_midnight() {
    let api = shop(1000, level(1, 0, 100)).await;
    // A month ends with its last second in Shanghai, whatever the date in UTC.
    let shop = domain::shop::Shop::new("demo".parse().expect("a shop"));
    let today = shop.day(api.server.clock.now());
    let next = domain::points::month_of(today).checked_add_months(chrono::Months::new(1)).expect("a month");
    let midnight = shop.start_of(next).expect("a midnight");
    api.server.clock.advance(midnight - api.server.clock.now() - Duration::seconds(3_000));
    let redemption = redeem(&api, 100).await.assert_status(201);
    assert_eq!(redeem(&api, 1).await.status, 400);
    api.server.clock.advance(Duration::seconds(3_600));
    assert_eq!(account(&api).await["redeemed_this_month"], 0);
    redeem(&api, 60).await.assert_status(201);
    // A refund counts for the month in which the redemption was made.
    refund(&api, &redemption).await.assert_status(201);
    assert_eq!(account(&api).await["redeemed_this_month"], 60);
    refused(
        &redeem(&api, 41).await,
        "points",
        "This level redeems at most 100 points a month; 40 are left of this month.",
        &41,
    );
}

#[tokio::test]
async fn months_are_the_shops_also_in_summer_time() {
    let (api, token) = shop_in("Europe/Berlin").await;
    let call = async |path: &str, body: Value| api.call_as(&token, "POST", path, Some(&body)).await;
    let level = api.call_as(&token, "PUT", &one(LEVELS, 1), Some(&level(1, 0, 10))).await;
    level.assert_status(200);
    call("/api/loyalty/point_history/adjust/", json!({"customer_id": 1, "points": 100})).await.assert_status(201);
    for (at, status, left) in [
        ("2027-03-31T21:59:50Z", 201, 0), // 23:59:50 on 31 March, in summer time
        ("2027-03-31T21:59:55Z", 400, 0),
        ("2027-03-31T22:00:00Z", 201, 0), // 1 April
        ("2027-10-31T22:59:50Z", 201, 0), // 23:59:50 on 31 October, in winter time
        ("2027-10-31T22:59:55Z", 400, 0),
        ("2027-10-31T23:00:00Z", 201, 0), // 1 November
    ] {
        move_to(&api, at);
        let reply = call(REDEEM, json!({"customer_id": 1, "points": 10})).await;
        assert_eq!(reply.status, status, "{at}: {}", reply.text);
        let shown = api.call_as(&token, "GET", "/api/loyalty/account/1/", None).await.assert_status(200);
        let said = (&shown["redeemable_points"], &shown["redeemed_this_month"]);
        assert_eq!(said, (&json!(left), &json!(10)), "{at}");
    }
}

#[tokio::test]
async fn twenty_redemptions_of_the_whole_balance_give_one() {
    let api = shop(100, level(1, 0, 0)).await;
    let replies = join_all((0..20).map(|_| redeem(&api, 100))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        refused(reply, "points", "This customer has only 0 points.", &"late");
    }
    assert_eq!((balance(&api).await, entries(&api).await.len()), (0, 2));
}

#[tokio::test]
async fn the_cap_of_a_month_is_never_passed_by_redemptions_at_once() {
    let api = shop(1000, level(1, 0, 50)).await;
    let replies = join_all((0..20).map(|_| redeem(&api, 7))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 7);
    let shown = account(&api).await;
    assert_eq!((&shown["redeemed_this_month"], balance(&api).await), (&json!(49), 951));
}

#[tokio::test]
async fn twenty_refunds_of_one_redemption_give_it_back_once() {
    let api = shop(100, level(1, 0, 0)).await;
    put(&api, 5, &json!({"customer": {"id": 1}})).await;
    for of_order in [false, true] {
        let redemption =
            if of_order { redeem_for(&api, 5, 60).await } else { redeem(&api, 60).await }.assert_status(201);
        let cancel = json!({"customer": {"id": 1}, "order_status": "cancelled"});
        let replies = join_all((0..20).map(async |number| match number % 5 {
            4 if of_order => put(&api, 5, &cancel).await,
            _ => refund(&api, &redemption).await,
        }))
        .await;
        let refunded = replies.iter().filter(|reply| reply.status == 201).count();
        assert!(refunded <= 1, "{replies:?}");
        assert_eq!(balance(&api).await, 100);
        let back = entries(&api).await.into_iter().filter(|(kind, _)| kind == "refund").count();
        assert_eq!(back, if of_order { 2 } else { 1 });
    }
}
