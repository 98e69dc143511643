//! Fault injection for the whole suite. `YOUHUI_TEST_CHAOS=mild` or `mild@SEED` puts the faults of that profile between
//! every API and its store. A test that sets its own HTTP client is left alone. The client of the suite then retries as
//! a careful client does.

use std::time::Duration;

use crate::{Api, Reply};
use aws_sdk_dynamodb::config::SharedHttpClient;
use devserver::hostile::{Chaos, Hostile};
use store::connect::Connection;

/// The environment variable that names the fault profile.
const CHAOS: &str = "YOUHUI_TEST_CHAOS";

/// The number of attempts after which a 503 counts as the reply.
const ATTEMPTS: usize = 40;

/// Returns the faults that the environment names.
pub(crate) fn of_the_environment() -> Option<Chaos> {
    let chaos = std::env::var(CHAOS).ok().filter(|chaos| !chaos.is_empty())?;
    let chaos: Chaos = chaos.parse().expect(CHAOS);
    println!("{CHAOS}=..@{}", chaos.seed);
    Some(chaos)
}

/// Puts faults under a connection that has no HTTP client of its own.
pub(crate) fn put_under(connection: &mut Connection, chaos: Chaos) -> Option<Hostile> {
    if connection.http_client.is_some() {
        return None;
    }
    let hostile = Hostile::over_http(chaos.profile, chaos.seed);
    connection.http_client = Some(SharedHttpClient::new(hostile.clone()));
    Some(hostile)
}

/// Sends a request as a careful client does. It retries after a 503, and while the first attempt is still running. A
/// change carries an idempotency key, so that it happens once. A 404 for a repeated DELETE counts as success, because
/// the row is gone.
pub(crate) async fn insist(
    api: &Api,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Vec<u8>>,
) -> Reply {
    let key = format!("chaos-{:032x}", rand::random::<u128>());
    let keyed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("idempotency-key"));
    let mut headers = headers.to_vec();
    if !keyed && matches!(method, "POST" | "PUT") {
        headers.push(("Idempotency-Key", &key));
    }
    let mut reply = api.send_once(method, path, &headers, body.clone()).await;
    for _ in 1..ATTEMPTS {
        if !reply.is_to_be_sent_again() {
            break;
        }
        let after_a_fault = reply.status == 503;
        tokio::time::sleep(Duration::from_millis(20)).await;
        reply = api.send_once(method, path, &headers, body.clone()).await;
        if method == "DELETE" && after_a_fault && reply.status == 404 {
            reply = Reply { status: 204, text: String::new(), ..reply };
        }
    }
    reply
}
