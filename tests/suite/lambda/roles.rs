//! The roles of template.yaml. Every test of the suite shows that a role allows enough, because the local server
//! refuses a call that the role does not allow. These tests show that a role allows nothing more than the function
//! calls.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    crm::batches as customer_batches,
    discounts::codes::batches as coupon_batches,
    support::{
        ADJUST, CODES, COUPONS, CUSTOMERS, EVALUATE, HISTORY, LEVELS, RELEASE, RULES, USE,
        audits::{audit, damage},
        customer,
        discounts::{
            FUTURE, PAST, change_rule, coupon, expire_codes, give, issued, issued_ids, nested, rule, shop_of, with,
        },
        id, one,
        points::adjust,
    },
};
use chrono::{Duration, Utc};
use devserver::roles::Role;
use domain::shop::{Shop, ShopId};
use operator::Command;
use rand::{Rng, distr::Alphanumeric};
use serde_json::{Value, json};
use shop::keys;
use store::{
    idempotency::{Guard, KEPT},
    sequence,
};
use tests::Api;

/// Returns a text that does not compress, so that a reply with it is stored apart from its idempotency record.
fn noise(length: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

/// Sends a change twice under a key and asserts that the second reply equals the first.
async fn twice(api: &Api, method: &str, path: &str, body: &Value) -> Value {
    let key = noise(20);
    let first = api.keyed(method, path, &key, body).await;
    let again = api.keyed(method, path, &key, body).await;
    assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &first.text), "{method} {path}");
    first.json()
}

async fn read(api: &Api, list: &str, queries: &[&str]) {
    for query in queries {
        api.get(&format!("{list}{query}")).await.assert_status(200);
    }
}

async fn loyalty(api: &Api) {
    let level = twice(api, "POST", LEVELS, &json!({"title": "金"})).await["id"].clone();
    let level = one(LEVELS, level);
    read(api, LEVELS, &["", "?page=last", "?id__gt=1"]).await;
    read(api, &level, &[""]).await;
    api.put(&level, &json!({"title": "银"})).await.assert_status(200);
    api.delete(&level).await.assert_status(204);
    let entry = twice(api, "POST", ADJUST, &json!({"customer_id": 1, "points": 5})).await["id"].clone();
    read(api, HISTORY, &["", "?customer=1", "?customer__in=1,2", "?id__gt=0"]).await;
    read(api, &one(HISTORY, entry), &[""]).await;
}

/// Creates a shop whose points expire after a month and a customer who earns, spends and gets points back, and lets a
/// month pass.
async fn points(api: &Api) {
    let store = api.store_of("operator").await;
    let shop: ShopId = "demo".parse().expect("a shop");
    let months = Command::PutShop { shop: shop.clone(), zone: None, points_expire_after_months: Some(1) };
    operator::run(&store, months).await.expect("a shop");
    let level = id(&api.post(LEVELS, &json!({"title": "铜", "redeem_points": 10, "sign_points": 5})).await);
    let note = json!({"note": noise(2000), "id": 7});
    let paid = json!({"customer": {"id": 1}, "financial_status": "paid", "paid_price": "50.00", "note": noise(2000)});
    api.put(&one(CUSTOMERS, 7), &with(customer("13900000007"), &note)).await.assert_status(200);
    let order = "/api/orders/order/900/";
    twice(api, "PUT", order, &paid).await;
    read(api, order, &[""]).await;
    twice(api, "POST", &format!("{HISTORY}sign/"), &json!({"customer_id": 7})).await;
    let spent = json!({"customer_id": 1, "points": 20, "order_id": 900});
    let entry = twice(api, "POST", &format!("{HISTORY}redeem/"), &spent).await["id"].clone();
    twice(api, "POST", &format!("{HISTORY}refund/"), &json!({"point_history_id": entry})).await;
    twice(api, "POST", &format!("{HISTORY}redeem/"), &spent).await;
    twice(api, "PUT", order, &with(paid, &json!({"order_status": "cancelled"}))).await;
    adjust(api, 1, 30).await.assert_status(201);
    read(api, "/api/loyalty/account/1/", &[""]).await;
    api.server.clock.advance(Duration::days(40));
    let job = api.store_of("expire_points").await;
    let expired = expire_points::run(&job, api.server.clock.now()).await.expect("a run");
    assert!(expired.customers > 0 && expired.failed == 0, "{expired:?}");
    damage(api, &keys::account(&shop, 1), "points", 7).await;
    damage(api, &store::keys::tally(&shop, "level", 1, 0, 0).shard(0), "c0", 9).await;
    let repaired = audit(api, true).await;
    assert_eq!(repaired["repaired"], 2, "{repaired}");
    operator::run(&store, Command::Liability { shop, from: None, to: None }).await.expect("days");
    api.delete(&one(LEVELS, level)).await.assert_status(204);
}

async fn customers(api: &Api) {
    let import: Value = (1..=60).map(|id| with(customer(&format!("139{id:08}")), &json!({ "id": id }))).collect();
    twice(api, "POST", CUSTOMERS, &import).await;
    let noted = with(customer("13900000001"), &json!({"note": noise(2000)}));
    twice(api, "PUT", &one(CUSTOMERS, 1), &noted).await;
    read(api, CUSTOMERS, &["", "?mobile=13900000001", "?id__in=1,2", "?order_by=id&id__gt=3"]).await;
    read(api, &one(CUSTOMERS, 1), &[""]).await;
}

async fn price_rules(api: &Api) {
    let vendors: Vec<_> = (0..9).map(|_| noise(200)).collect();
    let wide = rule(&json!({"target_selection": "entitled", "entitled_vendor_titles": vendors}));
    let path = one(RULES, twice(api, "POST", RULES, &wide).await["id"].clone());
    read(api, RULES, &["", "?title=rule", "?automatic_discount=false", "?id__gt=0", "?page=last"]).await;
    read(api, &path, &[""]).await;
    api.put(&path, &rule(&json!({"title": "other", "ends_at": FUTURE}))).await.assert_status(200);
    api.delete(&path).await.assert_status(204);
    let wide = json!({"target_selection": "entitled", "entitled_vendor_titles": vendors});
    twice(api, "POST", COUPONS, &nested("WIDE", &wide)).await;
}

async fn coupons_and_codes(api: &Api) {
    let limited =
        coupon(api, "A", &json!({"allocation_limit": 200, "usage_limit": 9, "once_per_customer": true})).await;
    let free = coupon(api, "B", &json!({})).await;
    let on_rule = api.post(COUPONS, &json!({"code_prefix": "C", "price_rule_id": free.rule})).await;
    read(api, COUPONS, &["", "?code_prefix=A", "?price_rule__title=rule", "?can_redeem=true"]).await;
    read(api, &one(COUPONS, free.id), &[""]).await;
    let pairs: Value = (1..=60).map(|customer| json!({"customer_id": customer, "coupon_id": limited.id})).collect();
    twice(api, "POST", CODES, &pairs).await;
    let code = issued_ids(&give(api, free.id, [1]).await)[0];
    let code = one(CODES, code);
    for change in
        [json!({"status": "used"}), json!({"status": "unused"}), json!({"customer_id": 2}), json!({"code": "X"})]
    {
        api.put(&code, &change).await.assert_status(200);
    }
    let used = issued_ids(&give(api, limited.id, [3]).await)[0];
    twice(api, "PUT", &one(CODES, used), &json!({"status": "used"})).await;
    let others = [free.id, limited.id].map(|coupon| json!({"customer_id": 4, "coupon_id": coupon}));
    api.post(CODES, &json!(others)).await.assert_status(201);
    read(api, CODES, &["", "?status=available", "?customer=1", "?status__in=used,unused", "?id__gt=0"]).await;
    read(api, &code, &[""]).await;
    api.delete(&code).await.assert_status(204);
    checkout(api).await;
    api.delete(&one(COUPONS, id(&on_rule))).await.assert_status(204);
    change_rule(api, free.rule, &json!({"ends_at": PAST})).await;
    let settled = expire_codes(api).await;
    assert!(settled.rules > 0 && settled.expired > 0, "{settled:?}");
}

/// Claims, prices, uses and releases codes: by a call, by a cancelled order, and by the end of a hold.
async fn checkout(api: &Api) {
    coupon(api, "CLAIM", &json!({"usage_limit": 9, "once_per_customer": true})).await;
    let automatic = rule(&json!({"automatic_discount": true, "usage_limit": 9, "title": noise(200)}));
    let automatic = id(&api.post(RULES, &automatic).await);
    let redeem = format!("{COUPONS}CLAIM/redeem/");
    api.post(&format!("{COUPONS}GUESS/redeem/"), &json!({"customer_id": 8})).await.assert_status(404);
    let cart = json!({"lines": [{"id": 1, "quantity": 2, "price": "50.00"}], "shipping_price": "5.00"});
    for (customer, order) in [(8, 1), (9, 2), (10, 3)] {
        let claimed = twice(api, "POST", &redeem, &json!({"customer_id": customer})).await;
        let codes = json!({"codes": [claimed["code"]], "customer_id": customer});
        api.post(EVALUATE, &with(codes.clone(), &cart)).await.assert_status(200);
        let used = with(codes, &json!({"order_id": order, "cart": cart, "hold_seconds": 60}));
        twice(api, "POST", USE, &used).await;
    }
    twice(api, "POST", RELEASE, &json!({"order_id": 1})).await;
    let order = "/api/orders/order/2/";
    api.put(order, &json!({"customer": {"id": 9}, "order_status": "cancelled"})).await.assert_status(201);
    api.server.clock.advance(Duration::seconds(61));
    let free = json!({"customer_id": 11, "codes": []});
    api.post(EVALUATE, &with(cart, &free)).await.assert_status(200);
    let released = expire_codes(api).await.released;
    assert_eq!(released, 2, "the code and the automatic rule of the third order");
    api.delete(&one(RULES, automatic)).await.assert_status(204);
}

/// Uses codes with distant ids for an order, which is stored in steps, and releases them with the order.
async fn far_apart(api: &Api) {
    let store = &api.server.store;
    let mut texts = Vec::new();
    for index in 0..10u64 {
        let made = coupon(api, &format!("far{index}"), &json!({"usage_limit": 1})).await;
        let shop: ShopId = "demo".parse().expect("a shop");
        sequence::skip_to(store, &shop, "coupon_code", index * 100_000 + 1_000).await.expect("a sequence");
        texts.push(issued(&give(api, made.id, [1]).await)[0]["code"].clone());
    }
    api.post(USE, &json!({"codes": texts, "customer_id": 1, "order_id": 4})).await.assert_status(200);
    api.put("/api/orders/order/4/", &json!({"customer": {"id": 1}, "order_status": "cancelled"}))
        .await
        .assert_status(201);
}

async fn left_over(api: &Api) {
    let guard = Guard { key: noise(20), fingerprint: noise(20), now: Utc::now(), until: Utc::now() + KEPT };
    customer_batches::abandoned(api, Some(&guard)).await;
    let made = coupon(api, "LEFT-OVER", &json!({"allocation_limit": 100})).await;
    coupon_batches::abandoned(api, made.id).await;
    let deleted = coupon(api, "DELETED", &json!({})).await;
    give(api, deleted.id, 1..=20).await.assert_status(201);
    api.delete(&one(COUPONS, deleted.id)).await.assert_status(204);
    let report = finish_batches::run(&api.store_of("finish_batches").await).await.expect("a run");
    assert_eq!((report.finished, report.codes, report.failed), (2, 20, 0));
}

async fn operator(api: &Api) {
    let store = api.store_of("operator").await;
    let shop: ShopId = "roles".parse().expect("a shop");
    let done = async |command| serde_json::to_value(operator::run(&store, command).await.expect("done")).expect("JSON");
    done(Command::PutShop { shop: shop.clone(), zone: None, points_expire_after_months: None }).await;
    done(Command::ListShops).await;
    let scopes = "read".parse().expect("scopes");
    let minted = done(Command::MintToken { shop: shop.clone(), scopes, label: String::new(), days: None }).await;
    done(Command::ListTokens { shop: shop.clone() }).await;
    let id = minted["token"]["id"].as_str().expect("an id").to_owned();
    done(Command::RevokeToken { shop, id }).await;
}

#[tokio::test]
async fn a_role_allows_what_its_function_calls_and_nothing_more() {
    let api = Api::empty().await;
    customers(&api).await;
    loyalty(&api).await;
    price_rules(&api).await;
    coupons_and_codes(&api).await;
    points(&api).await;
    operator(&api).await;
    api.get("/elsewhere/").await.assert_status(404);
    api.post("/api/openapi.json", &json!({})).await.assert_status(405);
    let other = shop_of(60).await;
    left_over(&other).await;
    far_apart(&other).await;
    let role = |(name, role): (&String, &Role)| {
        let elsewhere = other.server.roles[name].called();
        (name.clone(), role.allowed().clone(), role.called().union(&elsewhere).cloned().collect::<BTreeSet<_>>())
    };
    let roles: Vec<_> = api.server.roles.iter().map(role).collect();
    let allowed: BTreeMap<_, _> = roles.iter().map(|(name, allowed, _)| (name, allowed)).collect();
    let called: BTreeMap<_, _> = roles.iter().map(|(name, _, called)| (name, called)).collect();
    assert_eq!(allowed, called);
}

#[tokio::test]
async fn what_a_role_does_not_allow_is_refused() {
    let api = Api::empty().await;
    let store = api.store_of("openapi").await;
    let shop = Shop::new("mine".parse().expect("a shop"));
    let read = shop::operators::shops::list(&store).await.map(drop);
    let written = shop::operators::shops::put(&store, &shop).await;
    for refused in [read, written] {
        let refused = refused.expect_err("no right");
        assert!(matches!(&refused, shared::Error::Internal(cause) if cause.contains("AccessDenied")), "{refused}");
    }
}
