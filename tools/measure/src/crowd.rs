//! Customers and clients in a crowd: what is sent is sent again until it is answered, and timed as a whole.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::SharedHttpClient;
use local::server::Options;
use serde_json::{Value, json};
use shared::table::connect::Connection;
use tests::{
    Api, Reply,
    partitions::{Model, Partitions},
};

use crate::scale;

/// How long a client waits before it sends a request again.
const WAIT: Duration = Duration::from_millis(200);

/// What a request took.
pub(crate) struct Answer {
    /// The last reply.
    pub(crate) reply: Reply,
    /// From the first sending to the last reply.
    pub(crate) took: Duration,
    /// How often it was sent again.
    pub(crate) again: u32,
}

/// An API without demo data over the partition model.
pub(crate) async fn api() -> (Api, Partitions) {
    let partitions = Partitions::over_http(Model::default());
    let http_client = Some(SharedHttpClient::new(partitions.clone()));
    let options = Options { demo: false, ..Options::default() };
    (Api::with(options, Connection { http_client, ..Connection::default() }).await, partitions)
}

/// Stores customers from 1 on.
pub(crate) async fn customers(api: &Api, count: u64) {
    for first in (1..=count).step_by(1_000) {
        let some = (first..=count.min(first + 999)).map(|id| json!({ "id": id })).collect();
        insist(api, "POST", "/api/crm/customer/", &some).await.reply.expect(201);
    }
}

/// Sends a change under one key until it is answered.
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

/// The milliseconds that so many percent took at the most.
pub(crate) fn percentile(took: impl Iterator<Item = Duration>, percent: usize) -> f64 {
    let mut took: Vec<_> = took.collect();
    took.sort_unstable();
    scale::percentile(&took, percent).unwrap_or_default() / 1_000.0
}
