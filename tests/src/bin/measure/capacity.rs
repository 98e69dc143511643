//! Round trips and capacity units, from `ReturnConsumedCapacity`, through the real routers.

use std::{collections::HashMap, time::Duration};

use chrono::Utc;
use http::Request;
use http_body_util::BodyExt;
use indicatif::{ProgressBar, ProgressStyle};
use lambda_http::tower::ServiceExt;
use local::{
    embedded::{Embedded, Place},
    hostile::{Hostile, Profile},
    server::functions,
};
use shared::{
    App,
    domain::shop::{Shop, ShopId},
    http::service::service,
    table::{
        connect::Connection,
        meter::{Meter, Operation, Usage},
        schema, shops,
        store::Store,
        tokens::{self, Grant},
    },
};

use crate::cost;

mod checkout;
mod codes;
mod points;

/// How long a call of the measured functions takes at least, so that calls side by side are seen to be that: more than it
/// takes to begin some more of them.
const LATENCY: Duration = Duration::from_millis(25);

/// An operation: its name, method, path and body.
type Call = (&'static str, &'static str, String, Option<serde_json::Value>);

/// Loads each number of entries, and each number of codes, into a shop of its own, verifies the tallies, and prints a
/// table.
pub(crate) async fn run(entries: &[u64], codes: &[u64]) {
    let embedded = Embedded::start(&Place::Memory).expect("a store");
    let connection = Connection { endpoint: Some(embedded.endpoint()), ..Connection::default() };
    let store = connection.open().await.expect("a client");
    let slow = Profile { latency: LATENCY, ..Profile::default() };
    let http_client = Some(aws_sdk_dynamodb::config::SharedHttpClient::new(Hostile::over_http(slow, 0)));
    let distant = Connection { http_client, endpoint: Some(embedded.endpoint()), ..Connection::default() };
    let distant = distant.open().await.expect("a client");
    schema::create(&store).await.expect("a table");
    println!(
        "| rows | operation | sequential round trips | calls | read units | write units | + nested read units \
         | USD a million, table | USD a million, all |"
    );
    println!("|---:|---|---:|---:|---:|---:|---:|---:|---:|");
    for &size in entries {
        let shop = new_shop(&store, "entries", size).await;
        points::load(&store, &shop, size).await;
        Bench::new(&distant, &shop).await.print(size, points::operations(size)).await;
    }
    for &size in codes {
        let shop = new_shop(&store, "codes", size).await;
        let bench = Bench::new(&distant, &shop).await;
        codes::load(&store, &shop, &bench, size).await;
        bench.print(size, codes::operations(size)).await;
        bench.print(size, checkout::operations()).await;
        bench.print(size, codes::unsettled(size)).await;
    }
}

async fn new_shop(store: &Store, kind: &str, size: u64) -> ShopId {
    let shop: ShopId = format!("{kind}-{size}").parse().expect("a shop");
    shops::put(store, &Shop::new(shop.clone())).await.expect("a shop");
    shop
}

fn progress(size: u64, shop: &ShopId) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}").expect("a style");
    ProgressBar::new(size).with_style(style).with_message(shop.to_string())
}

/// What a request takes.
struct Measured {
    /// Without the objects that the reply nests.
    usage: Usage,
    /// The read units of those.
    nested: f64,
    /// Both.
    whole: Usage,
    /// The bytes of the reply's body.
    bytes: usize,
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

    async fn print(&self, size: u64, calls: Vec<Call>) {
        // The load may have taken longer than a token is remembered.
        self.measure("GET", "/api/loyalty/level/", None).await;
        for (name, method, path, body) in calls {
            let Measured { usage, nested, whole, bytes } = self.measure(method, &path, body).await;
            println!(
                "| {size} | {name} | {} | {} | {} | {} | {nested} | {:.2} | {:.2} |",
                usage.sequential,
                usage.calls,
                usage.read_units,
                usage.write_units,
                cost::table(whole.read_units, whole.write_units),
                cost::all(&whole, bytes),
            );
        }
    }

    async fn measure(&self, method: &str, path: &str, body: Option<serde_json::Value>) -> Measured {
        let function = match path.split('/').nth(3) {
            Some("account") => "accounts",
            Some("order") => "orders",
            Some("coupon") => "coupons",
            Some("coupon_code") => "coupon_codes",
            Some("customer") => "customers",
            Some("evaluate") => "evaluate",
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
        let meter = response.extensions().get::<Meter>().expect("a meter").clone();
        let is_nested = |operation| operation == Operation::BatchGetItem;
        Measured {
            usage: meter.usage_of(|operation| !is_nested(operation)),
            nested: meter.usage_of(is_nested).read_units,
            whole: meter.usage(),
            bytes: response.into_body().collect().await.expect("a body").to_bytes().len(),
        }
    }
}
