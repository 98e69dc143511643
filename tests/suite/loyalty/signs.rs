//! `POST /api/loyalty/point_history/sign/`: daily sign-ins.

use chrono::{DateTime, Duration, Utc};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Api, Reply};

use crate::support::{
    HISTORY, LEVELS, NULL, REQUIRED, SIGN, detail, id, keys, one,
    points::{account, balance, entries},
    refused, same_text, store_customers,
};

const AGAIN: &str = "This customer has signed in today.";

async fn sign(api: &Api) -> Reply {
    api.post(SIGN, &json!({"customer_id": 1})).await
}

/// Creates a shop with customer 1 on a level that gives this number of points.
async fn shop(sign_points: u32) -> Api {
    let api = Api::empty().await;
    store_customers(&api, &[1]).await;
    api.post(LEVELS, &json!({"title": "x", "sign_points": sign_points})).await.assert_status(201);
    api
}

#[tokio::test]
async fn signing_in_gives_the_points_of_the_level_once_a_day() {
    let api = shop(3).await;
    assert_eq!(account(&api).await["signed_today"], false);
    let reply = sign(&api).await.assert_status(201);
    assert_eq!(keys(&reply), ["id", "customer", "points", "kind", "order", "created_at"]);
    assert_eq!((&reply["points"], &reply["kind"], &reply["order"]), (&json!(3), &json!("sign"), &Value::Null));
    same_text(&api.get(HISTORY).await.assert_status(200)["results"][0], &reply);
    let shown = account(&api).await;
    assert_eq!(
        (&shown["signed_today"], &shown["points"], &shown["earned_points"]),
        (&json!(true), &json!(3), &json!(3))
    );
    detail(&sign(&api).await, 409, AGAIN);
    assert_eq!(balance(&api).await, 3);
}

#[tokio::test]
async fn a_level_that_gives_nothing_writes_an_entry_of_nothing() {
    let api = shop(0).await;
    assert_eq!(sign(&api).await.assert_status(201)["points"], 0);
    detail(&sign(&api).await, 409, AGAIN);
    assert_eq!(entries(&api).await, [("sign".to_owned(), 0)]);
}

#[tokio::test]
async fn without_a_level_there_is_no_signing_in() {
    let api = shop(3).await;
    let level = api.get(LEVELS).await.ids()[0];
    api.delete(&one(LEVELS, level)).await.assert_status(204);
    detail(&sign(&api).await, 409, "This customer has no level.");
    api.post(LEVELS, &json!({"title": "x", "condition_points": 5})).await.assert_status(201);
    detail(&sign(&api).await, 409, "This customer has no level.");
    assert_eq!(entries(&api).await, []);
}

#[tokio::test]
async fn an_unknown_customer_cannot_sign_in() {
    let api = shop(3).await;
    let missing = r#"Invalid pk "9" - object does not exist."#;
    refused(&api.post(SIGN, &json!({"customer_id": 9})).await, "customer_id", missing, &9);
    refused(&api.post(SIGN, &json!({})).await, "customer_id", REQUIRED, &"none");
    refused(&api.post(SIGN, &json!({"customer_id": null})).await, "customer_id", NULL, &"null");
}

#[tokio::test]
async fn twenty_at_once_on_one_day_give_one() {
    let api = shop(3).await;
    let replies = join_all((0..20).map(|_| sign(&api))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    replies.iter().filter(|reply| reply.status != 201).for_each(|reply| detail(reply, 409, AGAIN));
    assert_eq!(balance(&api).await, 3);
}

/// Moves the clock of a shop to an instant.
pub(crate) fn move_to(api: &Api, at: &str) {
    let at: DateTime<Utc> = at.parse().expect("an instant");
    let by = at - api.server.clock.now();
    assert!(by > Duration::zero(), "clocks go on only");
    api.server.clock.advance(by);
}

/// Creates a shop in this time zone with customer 1. Returns its token.
pub(crate) async fn shop_in(zone: &str) -> (Api, String) {
    let api = Api::empty().await;
    let command = json!({"action": "put_shop", "shop": "away", "zone": zone});
    operator::run(&api.store_of("operator").await, serde_json::from_value(command).expect("a command"))
        .await
        .expect("a shop");
    let token = api.token("away", "read,write").await;
    api.call_as(&token, "PUT", "/api/crm/customer/1/", Some(&json!({}))).await.assert_status(201);
    id(&api.call_as(&token, "POST", LEVELS, Some(&json!({"title": "x", "sign_points": 1}))).await);
    (api, token)
}

#[tokio::test]
async fn days_are_the_shops_also_where_its_clock_changes() {
    // In Berlin the clocks skip an hour on 28 March 2027 and repeat one on 31 October 2027.
    let (api, token) = shop_in("Europe/Berlin").await;
    for (at, status) in [
        ("2027-03-27T22:30:00Z", 201), // 23:30 on the 27th
        ("2027-03-27T22:59:50Z", 409),
        ("2027-03-27T23:00:00Z", 201), // 00:00 on the 28th
        ("2027-03-28T21:59:50Z", 409), // 23:59:50 in summer time: the day had 23 hours
        ("2027-03-28T22:00:00Z", 201), // 00:00 on the 29th
        ("2027-10-30T22:00:00Z", 201), // 00:00 on the 31st
        ("2027-10-31T00:30:00Z", 409), // 02:30, the first time
        ("2027-10-31T01:30:00Z", 409), // 02:30, the second time
        ("2027-10-31T22:59:50Z", 409), // 23:59:50: the day had 25 hours
        ("2027-10-31T23:00:00Z", 201), // 00:00 on 1 November
    ] {
        move_to(&api, at);
        let reply = api.call_as(&token, "POST", SIGN, Some(&json!({"customer_id": 1}))).await;
        assert_eq!(reply.status, status, "{at}: {}", reply.text);
        let shown = api.call_as(&token, "GET", "/api/loyalty/account/1/", None).await.assert_status(200);
        assert_eq!(shown["signed_today"], true, "{at}");
    }
}

#[tokio::test]
async fn a_zone_that_is_changed_gives_no_day_twice() {
    let (api, token) = shop_in("Pacific/Auckland").await;
    move_to(&api, "2027-06-10T13:00:00Z");
    let sign = async |token: &str| api.call_as(token, "POST", SIGN, Some(&json!({"customer_id": 1}))).await;
    // It is 11 June in Auckland and 10 June in New York.
    sign(&token).await.assert_status(201);
    let command = json!({"action": "put_shop", "shop": "away", "zone": "America/New_York"});
    operator::run(&api.store_of("operator").await, serde_json::from_value(command).expect("a command"))
        .await
        .expect("a shop");
    let token = api.token("away", "read,write").await;
    detail(&sign(&token).await, 409, AGAIN);
    move_to(&api, "2027-06-12T05:00:00Z");
    sign(&token).await.assert_status(201);
}
