//! Clients that repeat each request until it has a final answer, and measure the whole time.

use std::time::{Duration, Instant};

use crate::scale;
use aws_sdk_dynamodb::config::SharedHttpClient;
use devserver::server::Options;
use serde_json::{Value, json};
use shared::store::connect::Connection;
use tests::{
    Api, Reply,
    partitions::{Model, Partitions},
};

/// The wait of a client before it sends a request again.
const WAIT: Duration = Duration::from_millis(200);

/// The final answer to a request, with its cost.
pub(crate) struct Answer {
    /// The last reply.
    pub(crate) reply: Reply,
    /// The time from the first attempt to the last reply.
    pub(crate) took: Duration,
    /// The number of attempts after the first one.
    pub(crate) again: u32,
}

/// Starts an API without demo data, over the model of DynamoDB's partitions.
pub(crate) async fn api() -> (Api, Partitions) {
    let partitions = Partitions::over_http(Model::default());
    let http_client = Some(SharedHttpClient::new(partitions.clone()));
    let options = Options { demo: false, ..Options::default() };
    (Api::with(options, Connection { http_client, ..Connection::default() }).await, partitions)
}

/// Stores the customers 1 to `count`.
pub(crate) async fn customers(api: &Api, count: u64) {
    for first in (1..=count).step_by(1_000) {
        let some = (first..=count.min(first + 999)).map(|id| json!({ "id": id })).collect();
        insist(api, "POST", "/api/crm/customer/", &some).await.reply.assert_status(201);
    }
}

/// Sends a change under one idempotency key until it has a final answer.
pub(crate) async fn insist(api: &Api, method: &str, path: &str, body: &Value) -> Answer {
    let key = format!("{:032x}", rand::random::<u128>());
    let began = Instant::now();
    let mut again = 0;
    loop {
        let reply = api.keyed(method, path, &key, body).await;
        if !reply.is_to_be_sent_again() {
            return Answer { reply, took: began.elapsed(), again };
        }
        again += 1;
        tokio::time::sleep(WAIT).await;
    }
}

/// Returns a percentile of the times, in milliseconds.
pub(crate) fn percentile(took: impl Iterator<Item = Duration>, percent: usize) -> f64 {
    let mut took: Vec<_> = took.collect();
    took.sort_unstable();
    scale::percentile(&took, percent).unwrap_or_default() / 1_000.0
}
