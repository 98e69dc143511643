//! Tenancy: no data ever crosses shops.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Api, OTHER_TOKEN, Reply, TOKEN};

use crate::support::{
    ACCOUNTS, ADJUST, CUSTOMERS, HISTORY, LEVELS, ORDERS, REDEEM, REFUND, customer, detail, id, one, refused,
    refused_somehow,
};

async fn other(api: &Api, method: &str, path: &str, body: Option<&Value>) -> Reply {
    api.call_as(OTHER_TOKEN, method, path, body).await
}

async fn keyed_by(api: &Api, token: &str, method: &str, path: &str, body: &Value) -> Reply {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json"), ("Idempotency-Key", "k")];
    api.send(method, path, &headers, Some(body.to_string().into_bytes())).await
}

/// Returns all lists of the demo shop.
async fn everything(api: &Api) -> Vec<String> {
    let paths = [LEVELS, HISTORY, CUSTOMERS];
    join_all(paths.map(|path| api.get(path))).await.into_iter().map(|reply| reply.text).collect()
}

#[tokio::test]
async fn no_list_and_no_filter_shows_a_row_of_another_shop() {
    let api = Api::start().await;
    for path in [
        LEVELS.to_owned(),
        format!("{LEVELS}?id__gt=4&id__lt=10"),
        format!("{LEVELS}?order_by=-id&page=last"),
        HISTORY.to_owned(),
        format!("{HISTORY}?customer=50784"),
        format!("{HISTORY}?customer__in=123,50784"),
        format!("{HISTORY}?order_by=id&id__gt=11741"),
        CUSTOMERS.to_owned(),
        format!("{CUSTOMERS}?id=50784"),
        format!("{CUSTOMERS}?id__in=123,50784"),
        format!("{CUSTOMERS}?mobile=13400000000"),
        format!("{CUSTOMERS}?order_by=id&id__gt=1"),
    ] {
        let reply = other(&api, "GET", &path, None).await;
        assert_eq!(reply.text, r#"{"count":0,"next":null,"previous":null,"results":[]}"#, "{path}");
        assert!(api.get(&path).await.assert_status(200)["count"] != 0, "{path} shows nothing to its own shop");
    }
}

#[tokio::test]
async fn no_id_of_another_shop_is_found() {
    let api = Api::start().await;
    let orders_and_accounts = [one(ORDERS, 2_528_283), one(ACCOUNTS, 50784)];
    for path in [one(LEVELS, 5), one(HISTORY, 11742), one(CUSTOMERS, 50784)].into_iter().chain(orders_and_accounts) {
        detail(&other(&api, "GET", &path, None).await, 404, "Not found.");
        assert_eq!(other(&api, "HEAD", &path, None).await.status, 404);
        assert_eq!(api.get(&path).await.status, 200);
    }
}

#[tokio::test]
async fn nothing_of_another_shop_can_be_changed() {
    let api = Api::start().await;
    let before = everything(&api).await;
    let title = json!({"title": "x"});
    detail(&other(&api, "PUT", &one(LEVELS, 5), Some(&title)).await, 404, "Not found.");
    detail(&other(&api, "DELETE", &one(LEVELS, 5), None).await, 404, "Not found.");
    let adjustment = json!({"customer_id": 50784, "points": 5});
    let message = r#"Invalid pk "50784" - object does not exist."#;
    refused(&other(&api, "POST", ADJUST, Some(&adjustment)).await, "customer_id", message, &50784);
    other(&api, "PUT", &one(CUSTOMERS, 50784), Some(&customer("1"))).await.assert_status(201);
    other(&api, "POST", ADJUST, Some(&adjustment)).await.assert_status(201);
    other(&api, "POST", LEVELS, Some(&title)).await.assert_status(201);
    assert_eq!(everything(&api).await, before);
}

#[tokio::test]
async fn a_customer_of_the_same_id_is_another_one_in_another_shop() {
    let api = Api::start().await;
    other(&api, "PUT", &one(CUSTOMERS, 50784), Some(&customer("13900000000"))).await.assert_status(201);
    let found = |text: &str| format!("{CUSTOMERS}?mobile={text}");
    assert_eq!(other(&api, "GET", &found("13900000000"), None).await.ids(), [50784]);
    assert_eq!(other(&api, "GET", &found("13400000000"), None).await.ids(), Vec::<u64>::new());
    assert_eq!(api.get(&found("13900000000")).await.ids(), Vec::<u64>::new());
    assert_eq!(api.get(&one(CUSTOMERS, 50784)).await.assert_status(200)["mobile"], "13400000000");
}

#[tokio::test]
async fn points_of_the_same_customer_id_are_not_shared() {
    let api = Api::start().await;
    other(&api, "PUT", &one(CUSTOMERS, 123), Some(&customer("1"))).await.assert_status(201);
    let body = |points: i64| json!({"customer_id": 123, "points": points});
    api.post(ADJUST, &body(10)).await.assert_status(201);
    refused_somehow(&other(&api, "POST", ADJUST, Some(&body(-1))).await, "points", &-1);
    other(&api, "POST", ADJUST, Some(&body(3))).await.assert_status(201);
    refused_somehow(&other(&api, "POST", ADJUST, Some(&body(-4))).await, "points", &-4);
    refused_somehow(&api.post(ADJUST, &body(-11)).await, "points", &-11);
    api.post(ADJUST, &body(-10)).await.assert_status(201);
    other(&api, "POST", ADJUST, Some(&body(-3))).await.assert_status(201);
}

#[tokio::test]
async fn orders_levels_and_redemptions_of_the_same_ids_are_not_shared() {
    let api = Api::start().await;
    let level = json!({"title": "x", "redeem_points": 1});
    api.put(&one(LEVELS, 5), &level).await.assert_status(200);
    other(&api, "PUT", &one(CUSTOMERS, 50784), Some(&customer("1"))).await.assert_status(201);
    let order = json!({"customer": {"id": 50784}, "financial_status": "paid", "paid_price": "20.00"});
    other(&api, "PUT", &one(ORDERS, 2_528_283), Some(&order)).await.assert_status(201);
    let points = async |token: &str| {
        let shown = api.call_as(token, "GET", &one(ACCOUNTS, 50784), None).await.assert_status(200);
        (shown["points"].as_i64().expect("points"), shown["level"]["id"].as_u64())
    };
    assert_eq!((points(TOKEN).await, points(OTHER_TOKEN).await), ((0, Some(5)), (20, None)));
    api.post(ADJUST, &json!({"customer_id": 50784, "points": 20})).await.assert_status(201);
    let body = json!({"customer_id": 50784, "points": 5, "order_id": 2_528_283});
    let redemption = api.post(REDEEM, &body).await.assert_status(201);
    refused_somehow(&other(&api, "POST", REDEEM, Some(&body)).await, "points", &"no level there");
    let refund = json!({"point_history_id": redemption["id"]});
    refused_somehow(&other(&api, "POST", REFUND, Some(&refund)).await, "point_history_id", &redemption["id"]);
    let cancelled = json!({"customer": {"id": 50784}, "order_status": "cancelled"});
    other(&api, "PUT", &one(ORDERS, 2_528_283), Some(&cancelled)).await.assert_status(200);
    assert_eq!((points(TOKEN).await.0, points(OTHER_TOKEN).await.0), (15, 0));
}

#[tokio::test]
async fn a_deleted_level_of_one_shop_stays_in_another() {
    let api = Api::empty().await;
    let title = json!({"title": "x"});
    let (mine, theirs) = (id(&api.post(LEVELS, &title).await), id(&other(&api, "POST", LEVELS, Some(&title)).await));
    other(&api, "DELETE", &one(LEVELS, theirs), None).await.assert_status(204);
    assert_eq!(api.get(LEVELS).await.ids(), [mine]);
}

#[tokio::test]
async fn the_same_key_in_two_shops_is_two_keys() {
    let api = Api::empty().await;
    for token in [TOKEN, OTHER_TOKEN] {
        let first = keyed_by(&api, token, "POST", LEVELS, &json!({ "title": token })).await;
        assert_eq!(first.assert_status(201)["title"], token);
        assert_eq!(first.header("idempotent-replayed"), "");
        let again = keyed_by(&api, token, "POST", LEVELS, &json!({ "title": token })).await;
        assert_eq!((again.status, again.header("idempotent-replayed"), &again.text), (201, "true", &first.text));
    }
    for token in [TOKEN, OTHER_TOKEN] {
        assert_eq!(api.call_as(token, "GET", LEVELS, None).await.assert_status(200)["count"], 1);
    }
}

#[tokio::test]
async fn a_key_of_another_shop_shows_nothing_of_its_reply() {
    let api = Api::start().await;
    let body = json!({"customer_id": 123, "points": 1});
    keyed_by(&api, TOKEN, "POST", ADJUST, &body).await.assert_status(201);
    let reply = keyed_by(&api, OTHER_TOKEN, "POST", ADJUST, &body).await;
    refused(&reply, "customer_id", r#"Invalid pk "123" - object does not exist."#, &123);
    let title = json!({"title": "x"});
    keyed_by(&api, OTHER_TOKEN, "PUT", &one(LEVELS, 5), &title).await.assert_status(404);
}
