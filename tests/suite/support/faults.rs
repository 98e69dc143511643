//! Requests over a store that fails.

use std::time::Duration;

use devserver::{
    hostile::{Hostile, Profile},
    server::Options,
};
use serde_json::{Value, json};
use store::connect::Connection;
use tests::{Api, Reply};

use super::CUSTOMERS;

/// Creates a shop over a store on which about one call in five fails.
pub(crate) async fn hostile(customers: u64, seed: u64) -> (Api, Hostile) {
    let hostile = Hostile::over_http(Profile::MILD, seed);
    let http_client = Some(aws_sdk_dynamodb::config::SharedHttpClient::new(hostile.clone()));
    let options = Options { demo: false, ..Options::default() };
    let api = Api::with(options, Connection { http_client, ..Connection::default() }).await;
    let body = (1..=customers).map(|id| json!({ "id": id })).collect();
    again(&api, "POST", CUSTOMERS, "customers", &body).await.assert_status(201);
    (api, hostile)
}

/// Sends a request under a key until the answer is no longer that the service is busy.
pub(crate) async fn again(api: &Api, method: &str, path: &str, key: &str, body: &Value) -> Reply {
    loop {
        let reply = api.keyed(method, path, key, body).await;
        let at_work = reply.status == 409 && !reply.header("retry-after").is_empty();
        if reply.status != 503 && !at_work {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) async fn read(api: &Api, path: &str) -> Value {
    loop {
        let reply = api.get(path).await;
        if reply.status != 503 {
            return reply.assert_status(200);
        }
    }
}
