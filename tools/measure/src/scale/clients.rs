//! The growth of a mixed load with the number of clients, through the whole local server.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::SharedHttpClient;
use devserver::{
    hostile::{Hostile, Profile},
    server::Options,
};
use futures_util::future::join_all;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::Serialize;
use serde_json::{Value, json};
use shared::store::connect::Connection;
use tests::{Api, Reply};

use super::{per, percentile};

const CLIENTS: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];
const CUSTOMERS: u64 = 1_000;
/// The time for which each number of clients sends requests.
const TIME: Duration = Duration::from_secs(3);
/// The embedded store without added latency, and with the latency that a call of DynamoDB may have.
pub(super) const STORES: [(&str, Duration); 2] =
    [("embedded", Duration::ZERO), ("embedded, 5 ms away", Duration::from_millis(5))];

/// The results of a number of clients, each of which sends one request after the other.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) store: &'static str,
    pub(super) clients: u64,
    pub(super) requests: u64,
    pub(super) a_second: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    /// The number of requests that were answered with a 503.
    pub(super) refused: u64,
}

pub(super) async fn run(seed: u64) -> Vec<Row> {
    let mut rows = Vec::new();
    for (store, latency) in STORES {
        let far = Hostile::over_http(Profile { latency, ..Profile::default() }, seed);
        let http_client = (!latency.is_zero()).then(|| SharedHttpClient::new(far));
        let options = Options { demo: false, ..Options::default() };
        let api = Api::with(options, Connection { http_client, ..Connection::default() }).await;
        let shop = Shop::fill(&api).await;
        for clients in CLIENTS {
            eprintln!("{clients} clients, {store}");
            rows.push(shop.row(&api, store, clients, seed).await);
        }
        api.stop().await;
    }
    rows
}

struct Shop {
    coupon: Value,
    codes: Vec<u64>,
}

impl Shop {
    async fn fill(api: &Api) -> Self {
        let customers = (1..=CUSTOMERS).map(|id| json!({ "id": id })).collect();
        api.post("/api/crm/customer/", &customers).await.assert_status(201);
        let rule = json!({"title": "measured", "value": "-10.00", "value_type": "fixed_amount"});
        let body = json!({"code_prefix": "A", "price_rule": rule});
        let coupon = api.post("/api/discounts/coupon/", &body).await.assert_status(201)["id"].clone();
        let mut automatic = rule;
        automatic["automatic_discount"] = true.into();
        api.post("/api/discounts/price_rule/", &automatic).await.assert_status(201);
        let issue = (1..=CUSTOMERS).map(|id| json!({"customer_id": id, "coupon_id": coupon})).collect();
        let issued = api.post("/api/discounts/coupon_code/", &issue).await.assert_status(201);
        let codes = issued["results"].as_array().expect("results").iter().filter_map(|code| code["id"].as_u64());
        Self { coupon, codes: codes.collect() }
    }

    async fn row(&self, api: &Api, store: &'static str, clients: u64, seed: u64) -> Row {
        let began = Instant::now();
        let client = async |client: u64| {
            let mut random = StdRng::seed_from_u64(seed << 32 | clients << 16 | client);
            let (mut took, mut refused) = (Vec::new(), 0);
            while began.elapsed() < TIME {
                let own = Instant::now();
                let reply = self.request(api, &mut random).await;
                assert!(matches!(reply.status, 200 | 201 | 503), "{} {}", reply.status, reply.text);
                refused += u64::from(reply.status == 503);
                took.push(own.elapsed());
            }
            (took, refused)
        };
        let all = join_all((0..clients).map(client)).await;
        let seconds = began.elapsed().as_secs_f64();
        let refused = all.iter().map(|(_, refused)| refused).sum();
        let mut took: Vec<_> = all.into_iter().flat_map(|(took, _)| took).collect();
        took.sort_unstable();
        Row {
            store,
            clients,
            requests: took.len() as u64,
            a_second: per(took.len() as f64 / seconds, 1),
            p50_us: percentile(&took, 50).unwrap_or_default(),
            p99_us: percentile(&took, 99).unwrap_or_default(),
            refused,
        }
    }

    /// Sends a random request. On average a hundred requests are 20 pages of codes, 20 codes, 10 pages of the point
    /// history, 10 accounts, 5 customers, 15 carts, 10 adjustments, 5 paid orders and 5 issues of one code.
    async fn request(&self, api: &Api, random: &mut StdRng) -> Reply {
        let customer = random.random_range(1..=CUSTOMERS);
        match random.random_range(0..100) {
            0..20 => {
                let page = random.random_range(1..=CUSTOMERS / 10);
                api.get(&format!("/api/discounts/coupon_code/?page_size=10&page={page}")).await
            }
            20..40 => {
                let code = self.codes[random.random_range(0..self.codes.len())];
                api.get(&format!("/api/discounts/coupon_code/{code}/")).await
            }
            40..50 => api.get("/api/loyalty/point_history/").await,
            50..60 => api.get(&format!("/api/loyalty/account/{customer}/")).await,
            60..65 => api.get(&format!("/api/crm/customer/{customer}/")).await,
            65..80 => {
                let line = |id: u64| json!({"id": id, "product_id": id, "quantity": 2, "price": "19.99"});
                let cart = json!({"lines": (1..=10).map(line).collect::<Vec<_>>()});
                api.post("/api/discounts/evaluate/", &cart).await
            }
            80..90 => {
                let body = json!({"customer_id": customer, "points": 1});
                api.post("/api/loyalty/point_history/adjust/", &body).await
            }
            90..95 => {
                let order: u32 = random.random();
                let body = json!({"customer": {"id": customer}, "financial_status": "paid", "paid_price": "12.00"});
                api.put(&format!("/api/orders/order/{}/", order | 1), &body).await
            }
            _ => {
                let body = json!([{"customer_id": customer, "coupon_id": self.coupon}]);
                api.post("/api/discounts/coupon_code/", &body).await
            }
        }
    }
}
