//! The objects that the clients of a run share.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tests::Api;

use crate::retrying_clients::{Answer, insist};

const COUPONS: &str = "/api/discounts/coupon/";
const CODES: &str = "/api/discounts/coupon_code/";
const HISTORY: &str = "/api/loyalty/point_history/";

/// An object that many clients change at the same time.
pub(super) trait Thing: Sized {
    /// The name of the object and of its changes.
    const NAME: &'static str;

    /// Creates the object in a shop with the customers 1 to `clients`.
    async fn make(api: &Api, clients: u64, seed: u64) -> Self;

    /// Sends one change by a client. The reply is a 200, a 201, or a 409 if a limit is reached.
    async fn change(&self, api: &Api, client: u64) -> Answer;

    /// # Panics
    /// If the object is not in the state that this number of changes must give.
    async fn verify(&self, api: &Api, changes: u64);
}

async fn coupon(api: &Api, limits: Value) -> Value {
    let mut rule = json!({"title": "crowd", "value": "-10.00", "value_type": "fixed_amount"});
    rule.as_object_mut().expect("an object").extend(limits.as_object().expect("limits").clone());
    insist(api, "POST", COUPONS, &json!({"code_prefix": "A", "price_rule": rule})).await.reply.assert_status(201)["id"]
        .clone()
}

async fn count(api: &Api, path: &str) -> u64 {
    api.get(path).await.assert_status(200)["count"].as_u64().expect("a count")
}

/// A coupon without a limit. Each change issues a code to the client.
pub(super) struct Coupon(Value);

impl Thing for Coupon {
    const NAME: &'static str = "coupon: issues";

    async fn make(api: &Api, _: u64, _: u64) -> Self {
        Self(coupon(api, json!({})).await)
    }

    async fn change(&self, api: &Api, client: u64) -> Answer {
        insist(api, "POST", CODES, &json!([{"customer_id": client, "coupon_id": self.0}])).await
    }

    async fn verify(&self, api: &Api, changes: u64) {
        assert_eq!(count(api, CODES).await, changes, "codes of the shop");
        assert_eq!(count(api, &format!("{CODES}?coupon={}", self.0)).await, changes, "codes of the coupon");
    }
}

/// A rule whose `usage_limit` is three quarters of the clients. Each client uses its code and releases it, in turn.
pub(super) struct Limit {
    coupon: Value,
    codes: HashMap<u64, u64>,
    used: HashMap<u64, AtomicU64>,
    limit: i64,
    /// The number of answered uses, without those that are being released.
    held: AtomicI64,
}

impl Thing for Limit {
    const NAME: &'static str = "limited rule: uses and give-backs";

    async fn make(api: &Api, clients: u64, _: u64) -> Self {
        let limit = (clients * 3 / 4).max(1);
        let coupon = coupon(api, json!({ "usage_limit": limit })).await;
        let mut codes = HashMap::new();
        for client in 1..=clients {
            let issued = insist(api, "POST", CODES, &json!([{"customer_id": client, "coupon_id": coupon}])).await;
            codes.insert(client, issued.reply.assert_status(201)["results"][0]["id"].as_u64().expect("an id"));
        }
        let used = (1..=clients).map(|client| (client, AtomicU64::new(0))).collect();
        Self { coupon, codes, used, limit: limit as i64, held: AtomicI64::new(0) }
    }

    async fn change(&self, api: &Api, client: u64) -> Answer {
        let path = format!("{CODES}{}/", self.codes[&client]);
        let used = &self.used[&client];
        if used.load(Ordering::Relaxed) == 1 {
            self.held.fetch_sub(1, Ordering::Relaxed);
            used.store(0, Ordering::Relaxed);
            return insist(api, "PUT", &path, &json!({"status": "unused"})).await;
        }
        let answer = insist(api, "PUT", &path, &json!({"status": "used"})).await;
        if answer.reply.status == 200 {
            let held = self.held.fetch_add(1, Ordering::Relaxed) + 1;
            assert!(held <= self.limit, "{held} uses under a limit of {}", self.limit);
            used.store(1, Ordering::Relaxed);
        }
        answer
    }

    async fn verify(&self, api: &Api, _: u64) {
        let held = self.held.load(Ordering::Relaxed);
        let coupon = api.get(&format!("{COUPONS}{}/", self.coupon)).await.assert_status(200);
        assert_eq!(coupon["used_count"], held, "used codes of the coupon");
        assert_eq!(count(api, &format!("{CODES}?status=used")).await, held as u64, "used codes of the shop");
    }
}

/// A customer. Each change adds a few points.
pub(super) struct Customer {
    random: Mutex<StdRng>,
    points: AtomicI64,
}

impl Thing for Customer {
    const NAME: &'static str = "customer: adjustments";

    async fn make(_: &Api, _: u64, seed: u64) -> Self {
        Self { random: Mutex::new(StdRng::seed_from_u64(seed)), points: AtomicI64::new(0) }
    }

    async fn change(&self, api: &Api, _: u64) -> Answer {
        let points = self.random.lock().unwrap_or_else(PoisonError::into_inner).random_range(1..=9);
        let answer =
            insist(api, "POST", &format!("{HISTORY}adjust/"), &json!({"customer_id": 1, "points": points})).await;
        self.points.fetch_add(points, Ordering::Relaxed);
        answer
    }

    async fn verify(&self, api: &Api, changes: u64) {
        assert_eq!(count(api, &format!("{HISTORY}?customer=1")).await, changes, "entries");
        let account = api.get("/api/loyalty/account/1/").await.assert_status(200);
        assert_eq!(account["points"], self.points.load(Ordering::Relaxed), "points");
    }
}

/// A paid order. Each change is a newer snapshot.
pub(super) struct Order {
    newest: AtomicU64,
}

impl Order {
    const PATH: &'static str = "/api/orders/order/1/";
}

impl Thing for Order {
    const NAME: &'static str = "order: newer snapshots";

    async fn make(_: &Api, _: u64, _: u64) -> Self {
        Self { newest: AtomicU64::new(0) }
    }

    async fn change(&self, api: &Api, _: u64) -> Answer {
        let number = self.newest.fetch_add(1, Ordering::Relaxed) + 1;
        let at = chrono::DateTime::from_timestamp(1_700_000_000 + number as i64, 0).expect("an instant");
        let order = json!({
            "customer": {"id": 1}, "order_status": "open", "financial_status": "paid", "cancelled_at": null,
            "paid_price": "24.00", "refunded_price": "0.00", "updated_at": at.to_rfc3339(), "note": number,
        });
        insist(api, "PUT", Self::PATH, &order).await
    }

    async fn verify(&self, api: &Api, changes: u64) {
        assert_eq!(self.newest.load(Ordering::Relaxed), changes, "every snapshot is answered");
        assert_eq!(api.get(Self::PATH).await.assert_status(200)["note"], changes, "the newest snapshot stays");
        assert_eq!(count(api, HISTORY).await, 1, "it earned once");
        assert_eq!(api.get("/api/loyalty/account/1/").await.assert_status(200)["points"], 24, "points");
    }
}
