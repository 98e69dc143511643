//! A shop with many entries of the point history.

use chrono::{TimeZone, Utc};
use serde_json::json;
use shared::{
    domain::{
        customer::CustomerDraft,
        points::{PointEntry, kind},
        shop::ShopId,
    },
    table::{customers, orders, pages::bulk, point_history::POINT_HISTORY, point_history_load::Load, store::Store},
};

use super::{Call, progress};

/// Customers of each shop; entries go round them.
const CUSTOMERS: u64 = 100;
/// Every tenth entry has an order of its own, up to so many.
const ORDERS: u64 = 50;

/// What is measured of it.
pub(super) fn operations(size: u64) -> Vec<Call> {
    let history = "/api/loyalty/point_history/";
    let (middle, last) = (size / 20, size.div_ceil(10));
    let of_customer = size / CUSTOMERS;
    let page = |name, page: u64| (name, "GET", format!("{history}?page_size=10&page={page}"), None);
    let get = |name, query: String| (name, "GET", format!("{history}{query}"), None);
    let level = json!({"title": "measured"});
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
        ("customer, list", "GET", "/api/crm/customer/".to_owned(), None),
        ("customer, walk by id__gt", "GET", "/api/crm/customer/?order_by=id&id__gt=50".to_owned(), None),
        ("customer, get", "GET", "/api/crm/customer/1/".to_owned(), None),
        ("customer, put a new one", "PUT", format!("/api/crm/customer/{}/", 1u64 << 40), Some(json!({"mobile": "1"}))),
        ("customer, put one that is there", "PUT", "/api/crm/customer/1/".to_owned(), Some(json!({"note": "x"}))),
        ("level, create", "POST", "/api/loyalty/level/".to_owned(), Some(level.clone())),
        ("level, list", "GET", "/api/loyalty/level/".to_owned(), None),
        ("level, get", "GET", "/api/loyalty/level/1/".to_owned(), None),
        ("level, update", "PUT", "/api/loyalty/level/1/".to_owned(), Some(level)),
        ("level, delete", "DELETE", "/api/loyalty/level/1/".to_owned(), None),
    ]
}

/// Fills a shop through the bulk path.
pub(super) async fn load(store: &Store, shop: &ShopId, size: u64) {
    let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().expect("a time");
    for id in 1..=CUSTOMERS {
        let draft = CustomerDraft { mobile: Some(format!("138{id:08}")), ..CustomerDraft::default() };
        store.carry_out(|| customers::put(store, shop, id, draft.clone(), now)).await.expect("a customer");
    }
    let body = include_str!("../../../../../functions/local/src/demo/order.json");
    for id in 1..=ORDERS {
        let order = shared::domain::order::Order { id, customer_id: Some(1), body: body.to_owned() };
        store.carry_out(async || Ok((orders::put(shop, &order)?, ()))).await.expect("an order");
    }
    let progress = progress(size, shop);
    let mut load = Load::new(store, shop);
    for id in 1..=size {
        let entry = PointEntry {
            id,
            customer_id: id % CUSTOMERS + 1,
            points: 1,
            kind: kind::BUY.to_owned(),
            order_id: id.is_multiple_of(10).then_some(id / 10 % ORDERS + 1),
            created_at: now,
        };
        load.push(&entry, true).await.expect("an entry");
        progress.inc(1);
    }
    load.finish().await.expect("loaded");
    progress.finish_and_clear();
    let counted = bulk::verify(store, shop, &POINT_HISTORY).await.expect("verified");
    assert_eq!(counted, (size, size), "the tallies are wrong");
}
