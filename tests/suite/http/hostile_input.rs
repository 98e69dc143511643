//! Hostile input over HTTP to every operation of the OpenAPI description. The bodies and paths start from the
//! operation's event in `events/`, so that a new operation is attacked without a change here. Every reply must be
//! documented (`docs/api/errors.md`), and a valid request must succeed afterwards.

mod bodies;
mod codes;
mod fields;
mod queries;
mod replies;
mod transport;

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;
use tests::{Api, Reply, TOKEN};

use crate::support::{LEVELS, keys};

/// An operation of the description, and a request that could be valid.
pub(crate) struct Operation {
    name: String,
    method: String,
    path: String,
    body: Option<Value>,
    /// The names of its query parameters.
    parameters: Vec<String>,
    /// The names of the fields of its body, including those of nested objects.
    fields: BTreeSet<String>,
}

/// Returns every operation. Those that delete come last, because the others need the deleted rows.
pub(crate) fn operations() -> Vec<Operation> {
    let description = serde_json::to_value(openapi::description()).expect("a description");
    let mut operations = Vec::new();
    for item in description["paths"].as_object().expect("paths").values() {
        for (method, said) in item.as_object().expect("operations") {
            let Some(name) = said["operationId"].as_str() else { continue };
            operations.push(operation(&description, name, method.to_uppercase(), said));
        }
    }
    operations.sort_by_key(|operation| operation.method == "DELETE");
    assert!(operations.len() > 30);
    operations
}

fn operation(description: &Value, name: &str, method: String, said: &Value) -> Operation {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../events/{name}.json"));
    let event = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let event: Value = serde_json::from_str(&event).expect("an event");
    let body = event["body"].as_str().map(|body| serde_json::from_str(body).expect("a body"));
    let in_query = |parameter: &&Value| parameter["in"] == "query";
    let parameters = said["parameters"].as_array().into_iter().flatten().filter(in_query);
    let mut fields = BTreeSet::new();
    described(description, &said["requestBody"]["content"]["application/json"]["schema"], &mut fields);
    Operation {
        name: name.to_owned(),
        method,
        path: event["rawPath"].as_str().expect("a path").to_owned(),
        body,
        parameters: parameters.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned).collect(),
        fields,
    }
}

/// Collects the fields of a schema and of its parts.
fn described(description: &Value, schema: &Value, fields: &mut BTreeSet<String>) {
    if let Some(to) = schema["$ref"].as_str() {
        described(description, description.pointer(&to[1..]).expect("a schema"), fields);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if fields.insert(name.clone()) {
            described(description, property, fields);
        }
    }
    described_in(description, &schema["items"], fields);
    for part in ["oneOf", "anyOf", "allOf"].iter().filter_map(|name| schema[name].as_array()).flatten() {
        described(description, part, fields);
    }
}

fn described_in(description: &Value, items: &Value, fields: &mut BTreeSet<String>) {
    if items.is_object() {
        described(description, items, fields);
    }
}

impl Operation {
    /// Returns true if the operation reads a body.
    fn reads_body(&self) -> bool {
        ["POST", "PUT"].contains(&self.method.as_str())
    }

    /// Sends a body of any bytes as JSON and asserts that the reply is documented.
    async fn send(&self, api: &Api, body: Option<Vec<u8>>, what: &str) -> Reply {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let reply = api.send(&self.method, &self.path, &headers, body).await;
        decent(&reply, &format!("{}: {what}", self.name));
        reply
    }
}

/// The statuses of `docs/api/errors.md`.
const STATUSES: [u16; 12] = [200, 201, 204, 400, 401, 403, 404, 405, 409, 413, 415, 422];

/// Asserts that a reply is documented: its status, a request id, JSON of a known shape, and its size.
#[track_caller]
pub(crate) fn decent(reply: &Reply, what: &str) {
    assert!(STATUSES.contains(&reply.status), "{what}: {} {}", reply.status, start(&reply.text));
    assert!(!reply.header("x-request-id").is_empty(), "{what}: {} has no request id", reply.status);
    assert!(reply.text.len() <= 5 * 1024 * 1024, "{what}: {} bytes", reply.text.len());
    if reply.text.is_empty() {
        return;
    }
    assert_eq!(reply.header("content-type"), "application/json", "{what}");
    let body = reply.json();
    match reply.status {
        200..300 => {}
        400 => assert!(is_detail(&body) || is_error(&body), "{what}: {}", start(&reply.text)),
        _ => assert!(is_detail(&body), "{what}: {}", start(&reply.text)),
    }
}

fn is_detail(body: &Value) -> bool {
    body.as_object().is_some_and(|object| object.len() == 1) && body["detail"].is_string()
}

/// Returns true for messages under names, at any depth, or for a list of such objects.
fn is_error(body: &Value) -> bool {
    match body {
        Value::Object(object) => !object.is_empty() && object.values().all(is_error),
        Value::Array(items) if items.iter().all(Value::is_string) => !items.is_empty(),
        Value::Array(items) => {
            items.iter().all(|item| is_error(item) || item.as_object().is_some_and(serde_json::Map::is_empty))
        }
        _ => false,
    }
}

/// Shortens a text for the message of a failure.
fn start(text: &str) -> String {
    text.chars().take(300).collect()
}

/// Asserts that the API answers a valid request.
pub(crate) async fn is_alive(api: &Api, what: &str) {
    let page = api.get(LEVELS).await.assert_status(200);
    assert_eq!(keys(&page), ["count", "next", "previous", "results"], "{what}");
}
