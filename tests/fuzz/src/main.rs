//! The whole API under libFuzzer. Each input is sent through the gateway and the routers over the embedded store. The
//! coverage of this workspace's crates guides the fuzzer. `.ci/fuzz` builds and runs it.
//!
//! An input is a request as text: `METHOD /path?query`, a line break, the body.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use tests::Api;
use tokio::runtime::Runtime;

/// The largest reply that a function may send (an AWS limit).
const MAX_REPLY: usize = 6 * 1024 * 1024;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
static API: LazyLock<Api> = LazyLock::new(|| RUNTIME.block_on(Api::start()));

/// Splits an input into the method, the path with its query, and the body.
fn request(data: &[u8]) -> Option<(&str, &str, &[u8])> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    let (method, path) = std::str::from_utf8(&data[..end]).ok()?.split_once(' ')?;
    let known = matches!(method, "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT" | "PATCH" | "DELETE");
    (known && path.starts_with("/api/") && path.is_ascii()).then_some((method, path, &data[end + 1..]))
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((method, path, body)) = request(data) else { return Corpus::Reject };
    let bearer = format!("Bearer {}", tests::TOKEN);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let reply = RUNTIME.block_on(API.send(method, path, &headers, Some(body.to_vec())));
    assert!(reply.status < 500, "{} {}", reply.status, reply.text);
    assert!(!reply.header("x-request-id").is_empty() && reply.text.len() <= MAX_REPLY);
    if !reply.text.is_empty() {
        reply.json();
    }
    Corpus::Keep
});
