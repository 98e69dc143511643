//! A shop with many ledger entries.

use crate::bench::Call;
use chrono::{TimeZone, Utc};
use serde_json::json;
use shared::{
    domain::{
        customer::CustomerDraft,
        points::Cause,
        shop::{Shop, ShopId},
    },
    shop::{
        crm::customers,
        loyalty::{history::POINT_HISTORY, load::Load},
        orders,
    },
    store::{client::Store, pages::bulk},
    wire::order,
};

use super::progress;

/// The number of customers. The entries belong to them in turn.
const CUSTOMERS: u64 = 100;
/// The number of orders. Every tenth entry refers to one of them, in turn.
const ORDERS: u64 = 50;

const LEVELS: &str = "/api/loyalty/level/";

/// The example order of tests/documents/loyalty.txt, as JSON.
const ORDER: &str = include_str!("../../../devserver/src/demo/order.json");

/// The number of ledger entries that a round writes.
const OF_A_ROUND: u64 = 6;

/// Returns the calls of a round.
pub(super) fn operations(size: u64, round: u64) -> Vec<Call> {
    let history = "/api/loyalty/point_history/";
    let (middle, last) = (size / 20, size.div_ceil(10));
    let of_customer = size / CUSTOMERS;
    let page = |name, page: u64| (name, "GET", format!("{history}?page_size=10&page={page}"), None);
    let get = |name, query: String| (name, "GET", format!("{history}{query}"), None);
    let level = json!({"title": "measured", "redeem_points": 1});
    let of_order = json!({"customer_id": 1, "points": 1, "order_id": round % ORDERS + 1});
    // The round wrote an adjustment and a sign-in before its first redemption.
    let refund = json!({"point_history_id": size + round * OF_A_ROUND + 3});
    let order = |status: &str| {
        let mut order: serde_json::Value = serde_json::from_str(ORDER).expect("an order");
        order["customer"] = json!({"id": 1});
        order["financial_status"] = json!(status);
        order
    };
    let (signing, new_customer) = (round % CUSTOMERS + 1, (1u64 << 40) + round);
    let (new_order, new_level) = (format!("/api/orders/order/{}/", 900 + round), format!("{LEVELS}{}/", round + 1));
    vec![
        page("point_history, first page", 1),
        page("point_history, 20th page", 20.min(last)),
        page("point_history, middle page", middle),
        page("point_history, last page", last),
        get("point_history, page_size=100, middle", format!("?page_size=100&page={}", (size / 200).max(1))),
        get("point_history, walk from the middle by id__gt", format!("?order_by=id&id__gt={}", size / 2)),
        get("point_history, customer, first page", "?customer=1".to_owned()),
        get("point_history, customer, middle page", format!("?customer=1&page={}", (of_customer / 20).max(1))),
        get("point_history, one entry", format!("{}/", size / 2)),
        ("point_history, adjust", "POST", format!("{history}adjust/"), Some(json!({"customer_id": 1, "points": 1}))),
        ("level, create", "POST", LEVELS.to_owned(), Some(level.clone())),
        ("point_history, sign", "POST", format!("{history}sign/"), Some(json!({"customer_id": signing}))),
        ("point_history, redeem", "POST", format!("{history}redeem/"), Some(json!({"customer_id": 1, "points": 1}))),
        ("point_history, redeem for an order", "POST", format!("{history}redeem/"), Some(of_order)),
        ("point_history, refund", "POST", format!("{history}refund/"), Some(refund)),
        ("account, get", "GET", "/api/loyalty/account/1/".to_owned(), None),
        ("order, put a new one", "PUT", new_order.clone(), Some(order("pending"))),
        ("order, put one that is paid", "PUT", new_order.clone(), Some(order("paid"))),
        ("order, put it again", "PUT", new_order.clone(), Some(order("paid"))),
        ("order, get", "GET", new_order, None),
        ("customer, list", "GET", "/api/crm/customer/".to_owned(), None),
        ("customer, walk by id__gt", "GET", "/api/crm/customer/?order_by=id&id__gt=50".to_owned(), None),
        ("customer, get", "GET", "/api/crm/customer/1/".to_owned(), None),
        ("customer, put a new one", "PUT", format!("/api/crm/customer/{new_customer}/"), Some(json!({"mobile": "1"}))),
        ("customer, put one that is there", "PUT", "/api/crm/customer/1/".to_owned(), Some(json!({"note": "x"}))),
        ("level, list", "GET", LEVELS.to_owned(), None),
        ("level, get", "GET", new_level.clone(), None),
        ("level, update", "PUT", new_level.clone(), Some(level)),
        ("level, delete", "DELETE", new_level, None),
    ]
}

/// Fills a shop through the bulk path.
pub(super) async fn load(store: &Store, shop: &ShopId, size: u64) {
    let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().expect("a time");
    for id in 1..=CUSTOMERS {
        let draft = CustomerDraft { mobile: Some(format!("138{id:08}")), ..CustomerDraft::default() };
        store.carry_out(|| customers::put(store, shop, id, draft.clone(), now)).await.expect("a customer");
    }
    let shop = Shop::new(shop.clone());
    for id in 1..=ORDERS {
        let mut snapshot = ::orders::wire::parse(id, &json!({"customer": {"id": 1}}), shop.zone).expect("an order");
        snapshot.body = order::body(id, ORDER).expect("a body");
        store.carry_out(|| orders::rows::put(store, &shop, &snapshot, now)).await.expect("an order");
    }
    let progress = progress(size, &shop.id);
    let mut load = Load::new(store, &shop);
    for id in 1..=size {
        let order_id = id.is_multiple_of(10).then_some(id / 10 % ORDERS + 1);
        let cause = order_id.map_or(Cause::Manual, |order_id| Cause::Buy { order_id });
        load.push((id, id % CUSTOMERS + 1), cause, 1, now).await.expect("an entry");
        progress.inc(1);
    }
    load.finish().await.expect("loaded");
    progress.finish_and_clear();
    let counted = bulk::verify(store, &shop.id, &POINT_HISTORY).await.expect("verified");
    assert_eq!(counted, (size, size), "the tallies are wrong");
}
