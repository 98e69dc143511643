//! The suite on a bad day: `YOUHUI_TEST_CHAOS=mild` or `mild@SEED` puts the faults of that profile between every API of the
//! suite and its store, but where a test brings its own. The client of the suite then does what a careful client does.

use std::time::Duration;

use aws_sdk_dynamodb::config::SharedHttpClient;
use local::hostile::{Chaos, Hostile};
use shared::table::connect::Connection;

use crate::{Api, Reply};

/// What the environment names as the faults of the suite.
const CHAOS: &str = "YOUHUI_TEST_CHAOS";

/// How often a request is sent before its 503 counts.
const ATTEMPTS: usize = 40;

/// The faults that the environment names.
pub(crate) fn of_the_environment() -> Option<Chaos> {
    let chaos = std::env::var(CHAOS).ok().filter(|chaos| !chaos.is_empty())?;
    let chaos: Chaos = chaos.parse().expect(CHAOS);
    println!("{CHAOS}=..@{}", chaos.seed);
    Some(chaos)
}

/// Puts faults under a connection that has none yet.
pub(crate) fn put_under(connection: &mut Connection, chaos: Chaos) -> Option<Hostile> {
    if connection.http_client.is_some() {
        return None;
    }
    let hostile = Hostile::over_http(chaos.profile, chaos.seed);
    connection.http_client = Some(SharedHttpClient::new(hostile.clone()));
    Some(hostile)
}

/// A request as a careful client makes it: again after a 503 and while its twin is at work; a change under a key, so that
/// it happens once; a row that is gone when its removal is asked again was removed.
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
