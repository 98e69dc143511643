//! Round trips and capacity units, from `ReturnConsumedCapacity`, through the real routers.

use std::collections::HashMap;

use chrono::{TimeZone, Utc};
use http::Request;
use indicatif::{ProgressBar, ProgressStyle};
use lambda_http::tower::ServiceExt;
use local::{
    embedded::{Embedded, Place},
    server::functions,
};
use serde_json::json;
use shared::{
    App,
    domain::{
        customer::CustomerDraft,
        points::{PointEntry, kind},
        shop::{Shop, ShopId},
    },
    http::service::service,
    table::{
        connect::Connection,
        customers,
        meter::{Meter, Operation, Usage},
        orders,
        pages::bulk,
        point_history::POINT_HISTORY,
        point_history_load::Load,
        schema, shops,
        store::Store,
        tokens::{self, Grant},
    },
};

/// Customers of each shop; entries go round them.
const CUSTOMERS: u64 = 100;
/// Every tenth entry has an order of its own, up to so many.
const ORDERS: u64 = 50;

/// Loads each number of entries into a shop of its own, verifies the tallies, and prints a table.
pub(crate) async fn run(sizes: &[u64]) {
    let embedded = Embedded::start(&Place::Memory).expect("a store");
    let connection = Connection { endpoint: Some(embedded.endpoint()), ..Connection::default() };
    let store = connection.open().await.expect("a client");
    schema::create(&store).await.expect("a table");
    println!("| rows | operation | sequential round trips | calls | read units | write units | + nested read units |");
    println!("|---:|---|---:|---:|---:|---:|---:|");
    for &size in sizes {
        let shop: ShopId = format!("rows-{size}").parse().expect("a shop");
        load(&store, &shop, size).await;
        let (rows, count) = bulk::verify(&store, &shop, &POINT_HISTORY).await.expect("verified");
        assert_eq!((rows, count), (size, size), "the tallies are wrong");
        let bench = Bench::new(&store, &shop).await;
        for (name, method, path, body) in operations(size) {
            let (usage, nested) = bench.measure(method, &path, body).await;
            println!(
                "| {size} | {name} | {} | {} | {} | {} | {nested} |",
                usage.sequential, usage.calls, usage.read_units, usage.write_units
            );
        }
    }
}

type Call = (&'static str, &'static str, String, Option<serde_json::Value>);

fn operations(size: u64) -> Vec<Call> {
    let history = "/api/loyalty/point_history/";
    let (middle, last) = (size / 20, size.div_ceil(10));
    let of_customer = size / CUSTOMERS;
    let page = |name, page: u64| (name, "GET", format!("{history}?page_size=10&page={page}"), None);
    let get = |name, query: String| (name, "GET", format!("{history}{query}"), None);
    let level = json!({"title": "measured"});
    let rule = json!({"title": "measured", "value": "-10.00", "value_type": "fixed_amount"});
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
        ("price_rule, create", "POST", "/api/discounts/price_rule/".to_owned(), Some(rule.clone())),
        ("price_rule, list", "GET", "/api/discounts/price_rule/".to_owned(), None),
        ("price_rule, by title", "GET", "/api/discounts/price_rule/?title=measured".to_owned(), None),
        ("price_rule, update", "PUT", "/api/discounts/price_rule/1/".to_owned(), Some(rule)),
        ("price_rule, delete", "DELETE", "/api/discounts/price_rule/1/".to_owned(), None),
        ("level, delete", "DELETE", "/api/loyalty/level/1/".to_owned(), None),
    ]
}

/// Fills a shop through the bulk path.
async fn load(store: &Store, shop: &ShopId, size: u64) {
    shops::put(store, &Shop { id: shop.clone(), zone: Shop::DEFAULT_ZONE }).await.expect("a shop");
    let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().expect("a time");
    for id in 1..=CUSTOMERS {
        let draft = CustomerDraft { mobile: Some(format!("138{id:08}")), ..CustomerDraft::default() };
        store.carry_out(|| customers::put(store, shop, id, draft.clone(), now)).await.expect("a customer");
    }
    let body = include_str!("../../../../functions/local/src/demo/order.json");
    for id in 1..=ORDERS {
        let order = shared::domain::order::Order { id, customer_id: Some(1), body: body.to_owned() };
        store.carry_out(async || Ok((orders::put(shop, &order)?, ()))).await.expect("an order");
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}").expect("a style");
    let progress = ProgressBar::new(size).with_style(style).with_message(shop.to_string());
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
}

/// The functions of a shop with a token that they have read before.
struct Bench {
    functions: HashMap<&'static str, axum::Router>,
    token: String,
}

impl Bench {
    async fn new(store: &Store, shop: &ShopId) -> Self {
        let token = tokens::generate();
        let grant = Grant {
            shop: shop.clone(),
            scopes: "read,write".parse().expect("scopes"),
            label: String::new(),
            expires_at: None,
        };
        tokens::mint(store, &token, grant, Utc::now()).await.expect("a token");
        let app = App::new(store.clone());
        let functions = functions().into_iter().map(|(name, routes)| (name, service(&app, routes))).collect();
        let bench = Self { functions, token };
        bench.measure("GET", "/api/loyalty/level/", None).await;
        bench
    }

    /// What a request takes, and the read units of the objects that it nests apart.
    async fn measure(&self, method: &str, path: &str, body: Option<serde_json::Value>) -> (Usage, f64) {
        let function = ["customer", "level", "point_history", "price_rule"]
            .into_iter()
            .find(|name| path.contains(&format!("/{name}/")));
        let function = match function {
            Some("customer") => "customers",
            Some("level") => "levels",
            Some("price_rule") => "price_rules",
            _ => "point_history",
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(axum::body::Body::from(body.map(|body| body.to_string()).unwrap_or_default()))
            .expect("a request");
        let response = self.functions[function].clone().oneshot(request).await.expect("a reply");
        assert!(response.status().is_success(), "{method} {path}: {}", response.status());
        let meter = response.extensions().get::<Meter>().expect("a meter");
        let is_nested = |operation| operation == Operation::BatchGetItem;
        (meter.usage_of(|operation| !is_nested(operation)), meter.usage_of(is_nested).read_units)
    }
}
