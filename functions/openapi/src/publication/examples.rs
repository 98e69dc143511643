//! Examples: requests that the service carries out one after the other on its demo data, which is that of the API
//! documents, and what it answers. `tests/suite/openapi/examples.rs` sends them and holds the replies to these.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::each_operation;

/// The examples as they are kept.
pub const EXAMPLES: &str = include_str!("../../texts/examples.json");

/// A request and its reply.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Example {
    /// The operation, by its id.
    pub operation: String,
    /// Where the request goes, with its query.
    pub path: String,
    /// The body of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Value>,
    /// The status of the reply.
    pub status: u16,
    /// The body of the reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Value>,
}

/// The examples in the order in which the service carries them out.
///
/// # Panics
/// Where `examples.json` holds none.
pub fn examples() -> Vec<Example> {
    serde_json::from_str(EXAMPLES).expect("examples.json holds examples")
}

/// Adds the examples to their operations.
pub(super) fn add(description: &mut Value) {
    let examples = examples();
    each_operation(description, |operation| {
        let id = operation.id().to_owned();
        let (path, said) = (operation.path, operation.said);
        for example in examples.iter().filter(|example| example.operation == id) {
            if let Some(parameters) = said.get_mut("parameters").and_then(Value::as_array_mut) {
                in_path(path, example, parameters);
            }
            if let Some(request) = &example.request {
                said["requestBody"]["content"]["application/json"]["example"] = request.clone();
            }
            if let Some(reply) = &example.reply {
                said["responses"][example.status.to_string()]["content"]["application/json"]["example"] = reply.clone();
            }
        }
    });
}

/// The parameters of a path as the example has them.
fn in_path(path: &str, example: &Example, parameters: &mut [Value]) {
    let called = example.path.split('?').next().unwrap_or_default().split('/');
    for (part, text) in path.split('/').zip(called) {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else { continue };
        let value = text.parse::<u64>().map_or_else(|_| text.into(), Value::from);
        let named = parameters.iter_mut().filter(|parameter| parameter["name"] == name);
        named.for_each(|parameter| parameter["example"] = value.clone());
    }
}
