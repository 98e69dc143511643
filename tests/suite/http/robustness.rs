//! Circumstances that once went wrong: concurrent requests under one key, batches that end late, forged headers,
//! instants at the edges, and replies at the limits of Lambda.

use crate::support::{ADJUST, HISTORY};
use chrono::{Duration, Utc};
use domain::{customer::CustomerDraft, shop::ShopId};
use futures_util::future::{join_all, try_join_all};
use serde_json::{Value, json};
use shop::crm::import as customer_import;
use store::{
    batches,
    connect::Connection,
    idempotency::{Guard, KEPT},
    schema,
};
use tests::{Api, TOKEN};

fn shop() -> ShopId {
    "demo".parse().expect("a shop")
}

#[tokio::test]
async fn a_twin_that_comes_second_is_not_refused_for_what_the_first_did() {
    let api = Api::start().await;
    for round in 0..8 {
        api.post(ADJUST, &json!({"customer_id": 123, "points": 5})).await.assert_status(201);
        let (key, body) = (format!("round-{round}"), json!({"customer_id": 123, "points": -5}));
        let replies = join_all((0..4).map(|_| api.keyed("POST", ADJUST, &key, &body))).await;
        for reply in &replies {
            assert_eq!((reply.status, &reply.text), (201, &replies[0].text));
        }
    }
}

#[tokio::test]
async fn processes_that_start_at_once_on_a_store_without_a_table_all_start() {
    let mut connection = Connection::default();
    let _embedded = tests::own_store(&mut connection);
    let store = connection.open().await.expect("a client");
    try_join_all((0..8).map(|_| schema::create(&store))).await.expect("a table");
}

#[tokio::test]
async fn a_batch_that_ends_after_its_key_was_forgotten_still_ends() {
    let api = Api::empty().await;
    let (store, shop) = (&api.server.store, shop());
    let drafts: Vec<customer_import::ImportedCustomer> = (1..=30).map(|id| (id, CustomerDraft::default())).collect();
    let guard = |now| Guard { key: "k".to_owned(), fingerprint: "f".to_owned(), now, until: now + KEPT };
    let yesterday = Utc::now() - Duration::hours(25);
    let begun = batches::begin(store, &shop, customer_import::KIND, Some(&guard(yesterday)), &drafts, yesterday).await;
    let batch = begun.expect("begun").expect("a batch");
    batches::expire_lease(store, &batch).await.expect("expired");
    // The key is used again for another request.
    let other: Vec<customer_import::ImportedCustomer> = vec![(1000, CustomerDraft::default())];
    let now = Utc::now();
    let again = batches::begin(store, &shop, customer_import::KIND, Some(&guard(now)), &other, now).await;
    assert!(again.expect("begun").is_some());
    let report = finish_batches::run(store).await.expect("a run");
    assert_eq!((report.finished, report.at_work, report.failed), (1, 1, 0));
    assert_eq!(api.get("/api/crm/customer/").await.assert_status(200)["count"], 30);
}

#[tokio::test]
async fn links_cannot_be_poisoned_and_odd_headers_do_no_harm() {
    let api = Api::start().await;
    let bearer = format!("Bearer {TOKEN}");
    let own = api.server.url();
    for (name, value, origin) in [
        ("X-Forwarded-Proto", "https,http", own.replace("http:", "https:")),
        ("X-Forwarded-Proto", "javascript", own.clone()),
        ("X-Forwarded-Proto", "", own.clone()),
        ("X-Forwarded-Proto", "ht tp", own.clone()),
        ("X-Forwarded-Host", "evil.example/path?", own.clone()),
        ("X-Forwarded-Host", "[[[[", own.clone()),
        ("X-Forwarded-Host", "shop.example", "http://shop.example".to_owned()),
    ] {
        let headers = [("Authorization", bearer.as_str()), (name, value)];
        let reply = api.send("GET", "/api/loyalty/level/?page_size=1", &headers, None).await;
        let expected = format!("{origin}/api/loyalty/level/?page=2&page_size=1");
        assert_eq!(reply.assert_status(200)["next"], expected, "{name}: {value}");
    }
    for host in ["example.com:99999", "a:b"] {
        let headers = [("Authorization", bearer.as_str()), ("Host", host)];
        assert_eq!(api.send("GET", "/api/loyalty/level/", &headers, None).await.status, 400, "{host}");
    }
}

#[tokio::test]
async fn instants_at_the_edges_come_back_as_they_went_or_not_at_all() {
    let api = Api::start().await;
    let path = "/api/crm/customer/123/";
    for wrong in ["9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+14:00", "0000-01-01T00:00:00Z", "2018-13-01T00:00Z"]
    {
        let reply = api.put(path, &json!({"created_at": wrong})).await;
        assert!(reply.assert_status(400)["created_at"].is_array(), "{wrong}");
    }
    for (sent, shown) in [
        ("1900-01-01T00:00:00Z", "1900-01-01T08:05:00+08:05"),
        ("2018-9-3T1:02:03Z", "2018-09-03T09:02:03+08:00"),
        ("2018-09-03 09:02", "2018-09-03T09:02:00+08:00"),
        ("2018-09-03T09:02:03.5", "2018-09-03T09:02:03.500000+08:00"),
    ] {
        let stored = api.put(path, &json!({"created_at": sent})).await.assert_status(200)["created_at"].clone();
        assert_eq!(stored, shown, "{sent}");
        assert_eq!(api.put(path, &json!({"created_at": stored})).await.assert_status(200)["created_at"], stored);
    }
    assert_eq!(api.put(path, &json!({"birthday": "1990-1-5"})).await.assert_status(200)["birthday"], "1990-01-05");
}

#[tokio::test]
async fn numbers_beyond_every_id_are_numbers() {
    let api = Api::start().await;
    for huge in ["9".repeat(41), "79228162514264337593543950335.5".to_owned(), "1e30".to_owned()] {
        assert_eq!(
            api.get(&format!("/api/crm/customer/?id__gt={huge}")).await.assert_status(200)["count"],
            0,
            "{huge}"
        );
        assert_eq!(
            api.get(&format!("/api/crm/customer/?id__lt={huge}")).await.assert_status(200)["count"],
            4,
            "{huge}"
        );
        assert_eq!(
            api.get(&format!("/api/crm/customer/?id__lt=-{huge}")).await.assert_status(200)["count"],
            0,
            "{huge}"
        );
    }
    let errors = api.post(ADJUST, &json!({"customer_id": 1e300, "points": 1})).await.assert_status(400);
    assert_eq!(errors, json!({"customer_id": ["Invalid pk \"1e+300\" - object does not exist."]}));
}

/// Creates an entry with an order of this body.
async fn entry(api: &Api, order_id: u64, mut order: Value) {
    order["customer_id"] = json!(123);
    order["financial_status"] = json!("paid");
    order["paid_price"] = json!("1.00");
    api.put(&format!("/api/orders/order/{order_id}/"), &order).await.assert_status(201);
}

#[tokio::test]
async fn a_page_that_lambda_could_not_answer_is_refused() {
    let api = Api::start().await;
    for order in 0..22 {
        // 4 MB of JSON become 8 MB as the text of a reply.
        entry(&api, order + 1, json!({ "quotes": "\"".repeat(95_000) })).await;
    }
    let refused = api.get(&format!("{HISTORY}?customer=123&page_size=100")).await.assert_status(400);
    assert_eq!(refused, json!({"page_size": ["This page would be larger than 5 MB. Ask for fewer rows."]}));
    assert_eq!(api.get(&format!("{HISTORY}?customer=123&page_size=5")).await.assert_status(200)["count"], 22);
}
