//! Uses that end with their hold or with their order, and their visibility before they are stored.

use crate::support::{
    CODES, COUPONS, EVALUATE, ORDERS, RELEASE, RULES, USE,
    discounts::{count, coupon, expire_codes, give, issued, rule, set_status, shop_of, with},
    one,
};
use chrono::{Duration, Utc};
use domain::{
    money::Hundredths,
    order::Snapshot,
    shop::{Shop, ShopId},
};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use shop::{
    discounts::{
        checkout::{uses as checkout, uses::UseRequest},
        rules::automatic::AutomaticRules,
    },
    orders::{rows as orders, settling, uses as order_uses},
};
use tests::Api;

fn demo() -> ShopId {
    "demo".parse().expect("a shop")
}

async fn code(api: &Api, coupon: u64, customer: u64) -> (String, u64) {
    let row = issued(&give(api, coupon, [customer]).await)[0].clone();
    (row["code"].as_str().expect("a text").to_owned(), row["id"].as_u64().expect("an id"))
}

/// Holds codes for a minute.
async fn hold(api: &Api, codes: &[&str], customer: u64, order: u64) {
    let body = json!({"codes": codes, "customer_id": customer, "order_id": order, "hold_seconds": 60});
    api.post(USE, &body).await.assert_status(200);
}

fn holds_end(api: &Api) {
    api.server.clock.advance(Duration::seconds(61));
}

async fn status(api: &Api, code: u64) -> Value {
    api.get(&one(CODES, code)).await.assert_status(200)["status"].clone()
}

/// Stores an order as the shop sends it.
async fn store_order(api: &Api, id: u64, body: &Value) {
    let stored = api.put(&one(ORDERS, id), &with(json!({"customer": {"id": 1}, "paid_price": "1.00"}), body)).await;
    assert!([200, 201].contains(&stored.status), "{}", stored.text);
}

#[tokio::test]
async fn a_hold_that_has_ended_counts_as_released_in_every_reply() {
    let api = shop_of(1).await;
    let held = coupon(&api, "held", &json!({"usage_limit": 1, "once_per_customer": true})).await;
    let ((text, code_id), (other, _)) = (code(&api, held.id, 1).await, code(&api, held.id, 1).await);
    let cart = json!({"lines": [{"id": 1, "quantity": 1, "price": "50.00"}], "codes": [text], "customer_id": 1});
    hold(&api, &[&text], 1, 7).await;
    assert_eq!(status(&api, code_id).await, "used");
    assert_eq!(api.post(EVALUATE, &cart).await.assert_status(200)["codes"][0]["reason"], "used");
    holds_end(&api);
    // Pricing comes before any reader has stored the end of the hold.
    let priced = api.post(EVALUATE, &cart).await.assert_status(200);
    assert_eq!((&priced["codes"][0]["valid"], &priced["rules"][0]["applied"]), (&json!(true), &json!(true)));
    let record = order_uses::read(&api.server.store, &demo(), 7).await.expect("a record");
    assert_eq!(record.uses.uses.len(), 1, "pricing writes nothing");
    for (filter, expected) in [("status=used", 0), ("status=available", 2), ("coupon=1&status=unused", 2)] {
        let filter = filter.replace("coupon=1", &format!("coupon={}", held.id));
        assert_eq!(count(&api, &format!("{CODES}?{filter}")).await, expected, "{filter}");
    }
    assert_eq!(status(&api, code_id).await, "unused");
    assert_eq!(api.get(&one(COUPONS, held.id)).await.assert_status(200)["used_count"], 0);
    let released = api.post(RELEASE, &json!({"order_id": 7})).await.assert_status(200);
    assert_eq!(released["count"], 0, "it was released before");
    let body = json!({"codes": [other], "customer_id": 1, "order_id": 8});
    api.post(USE, &body).await.assert_status(200);
}

#[tokio::test]
async fn each_reply_by_itself_sees_that_a_hold_has_ended() {
    let api = shop_of(1).await;
    let held = coupon(&api, "held", &json!({"usage_limit": 1})).await;
    let (text, code_id) = code(&api, held.id, 1).await;
    let used_count = async || api.get(COUPONS).await.assert_status(200)["results"][0]["used_count"].clone();
    hold(&api, &[&text], 1, 1).await;
    holds_end(&api);
    assert_eq!(status(&api, code_id).await, "unused");
    hold(&api, &[&text], 1, 2).await;
    holds_end(&api);
    assert_eq!(used_count().await, 0);
    hold(&api, &[&text], 1, 3).await;
    holds_end(&api);
    set_status(&api, code_id, "used").await.assert_status(200);
    set_status(&api, code_id, "unused").await.assert_status(200);
    hold(&api, &[&text], 1, 4).await;
    holds_end(&api);
    hold(&api, &[&text], 1, 5).await;
    holds_end(&api);
    api.delete(&one(CODES, code_id)).await.assert_status(204);
    let place = issued(&give(&api, held.id, [1]).await).len();
    assert_eq!(place, 1);
}

#[tokio::test]
async fn a_paid_order_keeps_its_codes() {
    let api = shop_of(1).await;
    let held = coupon(&api, "held", &json!({})).await;
    let ((text, code_id), (other, other_id)) = (code(&api, held.id, 1).await, code(&api, held.id, 1).await);
    for (order, code, financial_status) in [(7, &text, "paid"), (8, &other, "pending")] {
        hold(&api, &[code], 1, order).await;
        store_order(&api, order, &json!({"order_status": "open", "financial_status": financial_status})).await;
    }
    holds_end(&api);
    let cart = json!({"lines": [], "codes": [text, other]});
    let codes = api.post(EVALUATE, &cart).await.assert_status(200)["codes"].clone();
    assert_eq!((&codes[0]["reason"], &codes[1]["valid"]), (&json!("used"), &json!(true)));
    assert_eq!((status(&api, code_id).await, status(&api, other_id).await), (json!("used"), json!("unused")));
    // The use is permanent now and can still be released.
    assert_eq!(expire_codes(&api).await, Default::default());
    assert_eq!(api.post(RELEASE, &json!({"order_id": 7})).await.assert_status(200)["count"], 1);
}

#[tokio::test]
async fn an_order_that_is_paid_after_its_hold_has_lost_its_codes() {
    let api = shop_of(1).await;
    let held = coupon(&api, "held", &json!({"usage_limit": 1})).await;
    let ((text, code_id), (other, _)) = (code(&api, held.id, 1).await, code(&api, held.id, 1).await);
    hold(&api, &[&text], 1, 7).await;
    holds_end(&api);
    // No request has read the hold since it ended.
    store_order(&api, 7, &json!({"order_status": "open", "financial_status": "paid"})).await;
    assert_eq!(status(&api, code_id).await, "unused");
    assert_eq!(api.post(RELEASE, &json!({"order_id": 7})).await.assert_status(200)["count"], 0);
    api.post(USE, &json!({"codes": [other], "customer_id": 1, "order_id": 8})).await.assert_status(200);
}

#[tokio::test]
async fn the_job_stores_what_nobody_reads() {
    let api = shop_of(3).await;
    let store = &api.server.store;
    api.post(RULES, &rule(&json!({"automatic_discount": true, "usage_limit": 3}))).await.assert_status(201);
    let held = coupon(&api, "held", &json!({})).await;
    for customer in 1..=3 {
        let (text, _) = code(&api, held.id, customer).await;
        let cart = json!({"lines": [{"id": 1, "quantity": 1, "price": "50.00"}]});
        let body =
            json!({"codes": [text], "customer_id": customer, "order_id": customer, "hold_seconds": 60, "cart": cart});
        api.post(USE, &body).await.assert_status(200);
    }
    let run = || expire_coupon_codes::run(store, api.server.clock.now());
    assert_eq!(run().await.expect("a report").released, 0);
    holds_end(&api);
    let reports = join_all([run(), run()]).await;
    let released: u64 = reports.iter().map(|report| report.as_ref().expect("a report").released).sum();
    assert_eq!(released, 6, "three codes and three uses of the automatic rule, each once");
    assert_eq!(run().await.expect("a report"), Default::default());
    for order in 1..=3 {
        let record = order_uses::read(store, &demo(), order).await.expect("a record");
        assert_eq!(record.uses.uses, []);
    }
    assert_eq!(count(&api, &format!("{CODES}?status=used")).await, 0);
}

#[tokio::test]
async fn a_process_that_dies_between_two_transactions_leaves_nothing_half_seen() {
    let api = shop_of(1).await;
    let store = &api.server.store;
    let (mut texts, mut ids) = (Vec::new(), Vec::new());
    for index in 0..10u64 {
        let made = coupon(&api, &format!("far{index}"), &json!({"usage_limit": 1})).await;
        let next = index * 100_000 + 1;
        store::sequence::skip_to(store, &demo(), "coupon_code", next).await.expect("a sequence");
        let (text, code_id) = code(&api, made.id, 1).await;
        texts.push(text);
        ids.push(code_id);
    }
    let asked = |order_id| UseRequest { codes: texts.clone(), customer_id: 1, order_id, cart: None, hold: None };
    let (shop, known) = (demo(), AutomaticRules::default());
    let use_all = async |order| {
        let asked = asked(order);
        store.carry_out(|| checkout::use_codes(store, &shop, &known, &asked, Utc::now())).await.expect("a use")
    };
    // Carries out the use and stops before the copies of the codes are written.
    assert!(use_all(7).await.unstored);
    let priced = api.post(EVALUATE, &json!({"lines": [], "codes": texts})).await.assert_status(200);
    assert!(priced["codes"].as_array().expect("codes").iter().all(|code| code["reason"] == "used"), "{priced}");
    assert_eq!(count(&api, &format!("{CODES}?status=used")).await, 10);
    // The same for the cancellation: it is recorded, and the copies are not written.
    let cancel = async |id| {
        let body = json!({"order_status": "cancelled"}).to_string();
        let (updated_at, paid, refunded) = (None, None, Hundredths(0));
        let (customer_id, customer_field) = (Some(Some(1)), "customer");
        let snapshot = Snapshot { id, customer_id, customer_field, body, updated_at, paid, refunded, cancelled: true };
        let plan = async || {
            let (transaction, put) = orders::put(store, &Shop::new(demo()), &snapshot, Utc::now()).await?;
            assert!(put.unsettled && transaction.len() <= 7);
            Ok((transaction, ()))
        };
        store.carry_out(plan).await.expect("an order");
    };
    cancel(7).await;
    let priced = api.post(EVALUATE, &json!({"lines": [], "codes": texts})).await.assert_status(200);
    assert!(priced["codes"].as_array().expect("codes").iter().all(|code| code["valid"] == true), "{priced}");
    assert_eq!(status(&api, ids[3]).await, "unused");
    assert_eq!(count(&api, &format!("{CODES}?status=unused")).await, 10);
    // A release before the use was stored.
    use_all(8).await;
    cancel(8).await;
    assert_eq!(settling::settle(store, &demo(), 8, Utc::now()).await.expect("settled"), 10);
    assert_eq!(count(&api, &format!("{CODES}?status=unused")).await, 10);
    assert_eq!(count(&api, &format!("{CODES}?status=used")).await, 0);
}

#[tokio::test]
async fn cancelling_an_order_releases_its_codes_under_any_race() {
    let api = shop_of(1).await;
    let limited = coupon(&api, "limited", &json!({"usage_limit": 8})).await;
    let mut codes = Vec::new();
    for _ in 0..8 {
        codes.push(code(&api, limited.id, 1).await);
    }
    let race = codes.iter().zip(1u64..).map(async |((text, _), order)| {
        let body = json!({"codes": [text], "customer_id": 1, "order_id": order});
        let cancelled = json!({"order_status": "cancelled"});
        let (used, ()) = join(api.post(USE, &body), store_order(&api, order, &cancelled)).await;
        used.status
    });
    let statuses = join_all(race).await;
    assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
    for (text, code_id) in &codes {
        assert_eq!(status(&api, *code_id).await, "unused", "{text}");
    }
    assert_eq!(count(&api, &format!("{CODES}?status=used")).await, 0);
    for ((text, _), order) in codes.iter().zip(101u64..) {
        let body = json!({"codes": [text], "customer_id": 1, "order_id": order});
        api.post(USE, &body).await.assert_status(200);
    }
}
