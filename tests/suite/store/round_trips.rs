//! The round trips of each operation: the number of store calls that wait for one another. The README's table shows
//! them.

use std::{collections::BTreeMap, time::Duration};

use crate::support::{
    CODES, COUPONS, CUSTOMERS, EVALUATE, RELEASE, RULES, USE,
    discounts::{PAST, change_rule, coupon, give, nested, rule, shop_of},
    one,
};
use devserver::server::functions;
use http::Request;
use http_body_util::BodyExt;
use lambda_http::tower::ServiceExt;
use serde_json::{Value, json};
use shared::{App, http::service::service};
use store::meter::Meter;
use tests::{Api, TOKEN};

/// The minimal latency of a call. It makes concurrent calls recognisable.
const LATENCY: Duration = Duration::from_millis(40);
/// The number of measurements of each operation. The smallest counts, because a busy machine may let concurrent calls
/// look sequential but never the reverse.
const ROUNDS: u64 = 3;
/// The number of codes or customers in a batch.
const MANY: u64 = 60;

/// The functions over a store with a high latency.
struct Distant {
    app: App,
    fewest: BTreeMap<&'static str, usize>,
}

impl Distant {
    async fn of(api: &Api) -> Self {
        let mut distant = Self { app: App::new(api.distant(LATENCY).await), fewest: BTreeMap::new() };
        // The first request reads the token, which is then cached.
        distant.send("the token", "customers", ("GET", CUSTOMERS.to_owned()), &Value::Null).await;
        distant.fewest.clear();
        distant
    }

    /// Asserts the round trips of the measured requests.
    #[track_caller]
    fn waited(self, round_trips: &[(&'static str, usize)]) {
        assert_eq!(self.fewest, round_trips.iter().copied().collect());
    }

    /// Sends a request that must succeed and records the fewest of its round trips under the name.
    async fn send(
        &mut self,
        name: &'static str,
        function: &str,
        (method, path): (&str, String),
        body: &Value,
    ) -> Value {
        let routes = functions().into_iter().find(|(of, _)| *of == function).expect("a function").1;
        let request = Request::builder()
            .method(method)
            .uri(&path)
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/json")
            .body(axum::body::Body::from(body.to_string()))
            .expect("a request");
        let (reply, text) = service(&self.app, routes).oneshot(request).await.expect("a reply").into_parts();
        let text = text.collect().await.expect("a body").to_bytes();
        assert!(reply.status.is_success(), "{name}: {} {}", reply.status, String::from_utf8_lossy(&text));
        let round_trips = reply.extensions.get::<Meter>().expect("a meter").usage().sequential;
        let fewest = self.fewest.entry(name).or_insert(round_trips);
        *fewest = round_trips.min(*fewest);
        serde_json::from_slice(&text).unwrap_or_default()
    }
}

fn pairs(coupon: u64, customers: impl Iterator<Item = u64>) -> Value {
    customers.map(|customer| json!({"customer_id": customer, "coupon_id": coupon})).collect()
}

#[tokio::test]
async fn of_codes() {
    let api = shop_of(MANY).await;
    let limits = json!({"allocation_limit": 1_000, "usage_limit": 1_000});
    let coupon = coupon(&api, "A", &limits).await.id;
    let mut distant = Distant::of(&api).await;
    let code_of = |reply: &Value| reply["results"][0].clone();
    for round in 0..ROUNDS {
        let mut codes = async |name, (method, path): (&str, String), body: Value| {
            distant.send(name, "coupon_codes", (method, path), &body).await
        };
        let code = code_of(&codes("issue", ("POST", CODES.to_owned()), pairs(coupon, 1..=1)).await);
        let path = one(CODES, &code["id"]);
        codes("use", ("PUT", path.clone()), json!({"status": "used"})).await;
        codes("give back", ("PUT", path.clone()), json!({"status": "unused"})).await;
        let order = json!({"codes": [code["code"]], "customer_id": 1, "order_id": round + 1});
        codes("use for an order", ("POST", USE.to_owned()), order).await;
        codes("release", ("POST", RELEASE.to_owned()), json!({"order_id": round + 1})).await;
        codes("delete", ("DELETE", path), Value::Null).await;
        codes("issue many", ("POST", CODES.to_owned()), pairs(coupon, 1..=MANY)).await;
    }
    distant.waited(&[
        ("issue", 3),
        ("use", 3),
        ("give back", 3),
        ("use for an order", 3),
        ("release", 4),
        ("delete", 3),
        ("issue many", 14),
    ]);
}

#[tokio::test]
async fn of_lists_of_codes_while_an_ended_rule_waits_for_the_job() {
    let api = shop_of(1).await;
    let made = coupon(&api, "A", &json!({})).await;
    give(&api, made.id, [1, 1]).await.assert_status(201);
    change_rule(&api, made.rule, &json!({"ends_at": PAST})).await;
    let mut distant = Distant::of(&api).await;
    for _ in 0..ROUNDS {
        for (name, query) in [
            ("all", ""),
            ("used", "?status=used"),
            ("of a customer", "?customer=1"),
            ("unused or expired", "?status__in=unused,expired"),
            ("expired", "?status=expired"),
            ("available", "?status=available"),
        ] {
            distant.send(name, "coupon_codes", ("GET", format!("{CODES}{query}")), &Value::Null).await;
        }
    }
    // Only filters that distinguish codes of an ended rule wait for a read of its state.
    distant.waited(&[
        ("all", 3),
        ("used", 1),
        ("of a customer", 3),
        ("unused or expired", 4),
        ("expired", 8),
        ("available", 4),
    ]);
}

#[tokio::test]
async fn of_carts() {
    let api = shop_of(1).await;
    let automatic = rule(&json!({"automatic_discount": true, "usage_limit": 1_000, "once_per_customer": true}));
    api.post(RULES, &automatic).await.assert_status(201);
    let mut distant = Distant::of(&api).await;
    let cart = json!({"customer_id": 1, "lines": [{"id": 1, "quantity": 2, "price": "50.00"}]});
    let mut price = async |name| distant.send(name, "evaluate", ("POST", EVALUATE.to_owned()), &cart).await;
    price("first").await;
    for _ in 0..ROUNDS {
        price("limited").await;
    }
    // The first request reads the rules. Later ones read the uses within the first round trip.
    distant.waited(&[("first", 3), ("limited", 1)]);
}

#[tokio::test]
async fn of_what_is_made() {
    let api = Api::empty().await;
    let mut distant = Distant::of(&api).await;
    for round in 0..ROUNDS {
        let mut make =
            async |name, body: Value| distant.send(name, "coupons", ("POST", COUPONS.to_owned()), &body).await;
        let made = make("coupon", nested(&format!("A{round}"), &json!({}))).await;
        let on_rule = json!({"code_prefix": format!("B{round}"), "price_rule_id": made["price_rule_id"]});
        make("coupon on a rule", on_rule).await;
        let customers: Value = (1..=MANY).map(|id| json!({"id": round * MANY + id})).collect();
        distant.send("import", "customers", ("POST", CUSTOMERS.to_owned()), &customers).await;
    }
    distant.waited(&[("coupon", 2), ("coupon on a rule", 2), ("import", 9)]);
}
