//! Requests to the functions of a shop, with the measured cost of each.

use std::{
    collections::HashMap,
    fs,
    time::{Duration, Instant},
};

use chrono::Utc;
use devserver::server::functions;
use http::Request;
use http_body_util::BodyExt;
use lambda_http::tower::ServiceExt;
use shared::{
    App,
    domain::shop::ShopId,
    http::service::service,
    shop::operators::tokens::{self, Grant},
    store::{
        client::Store,
        meter::{Meter, Operation, Usage},
    },
};

/// An operation: its name, method, path and body.
pub(crate) type Call = (&'static str, &'static str, String, Option<serde_json::Value>);

/// The measured cost of a request.
pub(crate) struct Measured {
    /// The usage without the objects that the reply nests.
    pub(crate) usage: Usage,
    /// The read units of the nested objects.
    pub(crate) nested: f64,
    /// The usage with the nested objects.
    pub(crate) whole: Usage,
    /// The length of the reply's body in bytes.
    pub(crate) bytes: usize,
    /// The time from the request to the last byte of the reply.
    pub(crate) took: Duration,
    /// The processor time of the calling thread. It is meaningful only if the runtime has no other thread.
    pub(crate) processor: Duration,
}

/// The functions of a shop, with a token that they have cached.
pub(crate) struct Bench {
    functions: HashMap<&'static str, axum::Router>,
    token: String,
}

impl Bench {
    pub(crate) async fn new(store: &Store, shop: &ShopId) -> Self {
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
        bench.read_token().await;
        bench
    }

    /// Makes the functions cache the token for a minute, so that the next calls are measured without its read.
    pub(crate) async fn read_token(&self) {
        self.measure("GET", "/api/loyalty/level/", None).await;
    }

    /// Sends each call once and returns its cost.
    pub(crate) async fn rows(&self, calls: Vec<Call>) -> Vec<(&'static str, Measured)> {
        // The load before this may have taken longer than a token is cached.
        self.read_token().await;
        let mut rows = Vec::new();
        for (name, method, path, body) in calls {
            rows.push((name, self.measure(method, &path, body).await));
        }
        rows
    }

    /// # Panics
    /// If the reply is not a 2xx.
    pub(crate) async fn measure(&self, method: &str, path: &str, body: Option<serde_json::Value>) -> Measured {
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
        let function = self.functions[function].clone();
        let (began, ran) = (Instant::now(), processor_time());
        let (reply, body) = function.oneshot(request).await.expect("a reply").into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let (took, processor) = (began.elapsed(), processor_time() - ran);
        assert!(reply.status.is_success(), "{method} {path}: {} {}", reply.status, String::from_utf8_lossy(&body));
        let meter = reply.extensions.get::<Meter>().expect("a meter").clone();
        let is_nested = |operation| operation == Operation::BatchGetItem;
        Measured {
            usage: meter.usage_of(|operation| !is_nested(operation)),
            nested: meter.usage_of(is_nested).read_units,
            whole: meter.usage(),
            bytes: body.len(),
            took,
            processor: Duration::from_nanos(processor),
        }
    }
}

/// Returns the nanoseconds for which this thread ran, from the kernel.
pub(crate) fn processor_time() -> u64 {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    schedstat.split(' ').next().and_then(|digits| digits.parse().ok()).expect("nanoseconds")
}
