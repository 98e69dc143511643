//! Mixed concurrent traffic over a store on which one call in three fails. Every acknowledged change is there, every
//! limit holds, the books tie out, and a failure is a 503 with a request id. `YOUHUI_CHAOS_SEED` repeats a failure.

use std::time::Duration;

use crate::support::{
    ADJUST, CODES, COUPONS, CUSTOMERS, HISTORY, LEVELS, ORDERS, REDEEM, RELEASE, RULES, SIGN, USE,
    audits::is_clean,
    customer,
    discounts::{nested, rule, with},
    one,
};
use aws_sdk_dynamodb::config::SharedHttpClient;
use devserver::{
    hostile::{Hostile, Profile},
    server::Options,
};
use futures_util::future::{join, join_all};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use shop::discounts::counters::{self, Counter};
use store::connect::Connection;
use tests::{Api, Reply};

const CUSTOMERS_IN_ALL: u64 = 12;
const WORKERS: u64 = 6;
const STEPS: u64 = 14;
const USES: u64 = 9;
const PLACES: u64 = 25;

/// Sends a change as a careful client does: under a key, and again after a 503 and while the first attempt is running.
async fn insist(api: &Api, method: &str, path: &str, body: &Value) -> Reply {
    let key = format!("{:032x}", rand::random::<u128>());
    loop {
        let reply = api.keyed(method, path, &key, body).await;
        if !reply.is_to_be_sent_again() {
            assert!(reply.status < 500, "{method} {path}: {} {}", reply.status, reply.text);
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn look(api: &Api, path: &str) -> Value {
    loop {
        let reply = api.get(path).await;
        if reply.status != 503 {
            return reply.assert_status(200);
        }
    }
}

/// Creates a limited coupon, an unlimited coupon and a limited automatic rule.
async fn prepared(api: &Api) -> (Value, Value, Value) {
    let import = (1..=CUSTOMERS_IN_ALL).map(|id| with(customer(&format!("139{id:08}")), &json!({ "id": id })));
    let import = import.collect();
    insist(api, "POST", CUSTOMERS, &import).await.assert_status(201);
    insist(api, "POST", LEVELS, &json!({"title": "x", "redeem_points": 1, "sign_points": 5})).await.assert_status(201);
    let limits = json!({"usage_limit": USES, "once_per_customer": true, "allocation_limit": PLACES});
    let limited = insist(api, "POST", COUPONS, &nested("LIMITED", &limits)).await.assert_status(201);
    let free = insist(api, "POST", COUPONS, &nested("FREE", &json!({}))).await.assert_status(201);
    let automatic = rule(&json!({"automatic_discount": true, "usage_limit": USES}));
    (limited, free, insist(api, "POST", RULES, &automatic).await.assert_status(201))
}

/// One client, which checks that its replies hold.
struct Client<'a> {
    api: &'a Api,
    random: StdRng,
    number: u64,
    coupons: [Value; 2],
    told: Vec<(String, Value)>,
}

impl Client<'_> {
    async fn step(&mut self, step: u64) {
        let customer = self.random.random_range(1..=CUSTOMERS_IN_ALL);
        let order = 1_000 * (self.number + 1) + self.random.random_range(0..4);
        let points = self.random.random_range(1..40);
        let post = async |path: &str, body: Value| insist(self.api, "POST", path, &body).await;
        match self.random.random_range(0..7) {
            0 => {
                let reply = post(ADJUST, json!({"customer_id": customer, "points": points})).await.assert_status(201);
                self.told.push((one(HISTORY, &reply["id"]), json!({"points": points, "kind": "manual"})));
            }
            1 => drop(post(SIGN, json!({"customer_id": customer})).await),
            2 => {
                let reply = post(REDEEM, json!({"customer_id": customer, "points": points})).await;
                if reply.status == 201 {
                    let entry = reply.json()["id"].clone();
                    self.told.push((one(HISTORY, &entry), json!({"points": -points, "kind": "redeem"})));
                }
            }
            3 => {
                let refunded = format!("{}.00", self.random.random_range(0..30));
                let status = ["open", "open", "cancelled"][self.random.random_range(0..3)];
                // An order belongs to one customer.
                let body = json!({
                    "customer": {"id": order % CUSTOMERS_IN_ALL + 1}, "order_status": status, "financial_status": "paid",
                    "paid_price": "30.00", "refunded_price": refunded, "note": step,
                });
                insist(self.api, "PUT", &one(ORDERS, order), &body).await;
            }
            4 => drop(post(RELEASE, json!({"order_id": order})).await),
            _ => self.issue_and_use(order % CUSTOMERS_IN_ALL + 1, order).await,
        }
    }

    async fn issue_and_use(&mut self, customer: u64, order: u64) {
        let coupon = &self.coupons[self.random.random_range(0..2)]["id"];
        let pair = json!([{"customer_id": customer, "coupon_id": coupon}]);
        let issued = insist(self.api, "POST", CODES, &pair).await;
        if issued.status != 201 {
            return;
        }
        let code = issued.json()["results"][0].clone();
        self.told.push((one(CODES, &code["id"]), json!({"code": code["code"], "customer_id": customer})));
        let cart = json!({"lines": [{"id": 1, "quantity": 1, "price": "80.00"}]});
        let body = json!({"codes": [code["code"]], "customer_id": customer, "order_id": order, "cart": cart});
        insist(self.api, "POST", USE, &body).await;
    }
}

#[tokio::test]
async fn a_harsh_store_loses_nothing_and_passes_no_limit() {
    let seed = std::env::var("YOUHUI_CHAOS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("YOUHUI_CHAOS_SEED={seed}");
    let hostile = Hostile::over_http(Profile::HARSH, seed);
    let http_client = Some(SharedHttpClient::new(hostile.clone()));
    let options = Options { demo: false, ..Options::default() };
    let api = Api::with(options, Connection { http_client, ..Connection::default() }).await;
    let (limited, free, automatic) = prepared(&api).await;
    let clients = (0..WORKERS).map(async |number| {
        let random = StdRng::seed_from_u64(seed.wrapping_add(number));
        let coupons = [limited.clone(), free.clone()];
        let mut client = Client { api: &api, random, number, coupons, told: Vec::new() };
        for step in 0..STEPS {
            client.step(step).await;
        }
        client.told
    });
    let jobs = async {
        for _ in 0..3 {
            // The schedule repeats a run that fails.
            let _ = expire_coupon_codes::run(&api.store_of("expire_coupon_codes").await, api.server.clock.now()).await;
            let _ = finish_batches::run(&api.store_of("finish_batches").await).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    let (told, ()) = join(join_all(clients), jobs).await;
    assert!(hostile.injected() > 100, "{}", hostile.injected());
    for (path, expected) in told.into_iter().flatten() {
        let found = look(&api, &path).await;
        for (name, value) in expected.as_object().expect("fields") {
            assert_eq!(&found[name], value, "{path}");
        }
    }
    let store = api.distant(Duration::ZERO).await;
    let settled = expire_coupon_codes::run(&store, api.server.clock.now()).await.expect("a run");
    assert_eq!((settled.failed, settled.unfinished), (0, 0));
    let shop = "demo".parse().expect("a shop");
    for rule in [&limited["price_rule_id"], &automatic["id"]] {
        let rule = Counter::UsesOf(rule.as_u64().expect("an id"));
        let uses = counters::read(&store, &shop, rule).await.expect("shards").quota.count();
        assert!((0..=i64::try_from(USES).expect("a number")).contains(&uses), "{uses} of {USES}");
    }
    let issued = look(&api, &format!("{CODES}?coupon={}", limited["id"])).await["count"].as_u64().expect("a count");
    assert!(issued <= PLACES, "{issued} of {PLACES}");
    let command = serde_json::from_value(json!({"action": "audit", "shop": "demo"})).expect("a command");
    is_clean(&serde_json::to_value(operator::run(&store, command).await.expect("a report")).expect("JSON"));
}
