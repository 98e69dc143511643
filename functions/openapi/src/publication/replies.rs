//! The parts of replies that utoipa cannot state: references to shared headers, and a shared reply whose text an operation
//! replaces by its own.

use serde_json::{Value, json};

use super::each_operation;

/// The header of operations that may be sent again.
const KEY: &str = "Idempotency-Key";

/// Completes the replies of every operation and of the components.
pub(super) fn finish(description: &mut Value) {
    description["components"]["headers"] = headers();
    let shared = &mut description["components"]["responses"];
    for (_, reply) in shared.as_object_mut().into_iter().flatten() {
        refer_to_headers(reply, &[]);
    }
    let shared = shared.clone();
    each_operation(description, |operation| {
        let (is_keyed, is_list) = (operation.takes(KEY), operation.takes("page"));
        for (status, reply) in operation.said["responses"].as_object_mut().into_iter().flatten() {
            if status.starts_with('2') {
                reply["description"] = success(status, operation.method, is_list).into();
                refer_to_headers(reply, if is_keyed { &["Idempotent-Replayed"] } else { &[] });
            } else if reply["$ref"].is_null() {
                say_more(status, reply, is_keyed, &shared);
            }
        }
    });
}

/// Completes a reply of which an operation gives the description only: it is the shared reply with that description.
fn say_more(status: &str, reply: &mut Value, is_keyed: bool, shared: &Value) {
    let name = match status {
        "404" => "NotFound",
        "409" if is_keyed => "KeyAtWork",
        "409" => "Conflict",
        "429" => "Throttled",
        _ => return,
    };
    let own = reply["description"].as_str().unwrap_or_default().to_owned();
    *reply = shared[name].clone();
    reply["description"] = match reply["description"].as_str() {
        Some(key_at_work) if is_keyed && status == "409" => format!("{own}\n\n{key_at_work}"),
        _ => own,
    }
    .into();
}

/// Returns the description of a reply to an operation that did its work.
fn success(status: &str, method: &str, is_list: bool) -> &'static str {
    match (status, method) {
        ("204", _) => "Deleted; without a body.",
        ("201", _) => "Created.",
        (_, "get") if is_list => "A page of the list.",
        (_, "get") => "As it is now.",
        (_, "put") => "As it is after the change.",
        _ => "Done.",
    }
}

/// Makes the headers of a reply references to the shared ones, and adds the request id and `more`.
fn refer_to_headers(reply: &mut Value, more: &[&str]) {
    let own = reply["headers"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let names = ["X-Request-Id"].into_iter().chain(own).chain(more.iter().copied());
    let reference = |name: &str| (name.to_owned(), json!({"$ref": format!("#/components/headers/{name}")}));
    let headers = names.map(reference).collect();
    reply["headers"] = headers;
}

/// Returns the headers of replies.
fn headers() -> Value {
    json!({
        "X-Request-Id": {
            "description": "The id of the request, to quote when something is wrong. Every reply has one.",
            "required": true, "schema": {"type": "string"}, "example": "5b1f0f5c8e6d4c0fa3c1d2e4f5a6b7c8",
        },
        "Idempotent-Replayed": {
            "description": "`true` where this is the reply to the first request with the same `Idempotency-Key`, and nothing was done now.",
            "schema": {"type": "string", "const": "true"},
        },
        "Retry-After": {
            "description": "After how many seconds to try again.",
            "schema": {"type": "integer", "minimum": 0}, "example": 1,
        },
        "WWW-Authenticate": {
            "description": "How to authenticate; of a 403, the scope that is missing.",
            "required": true, "schema": {"type": "string"}, "example": "Bearer realm=\"api\"",
        },
    })
}
