//! The examples of the description: requests to the demo shop, in the order in which they are sent, with their replies. A
//! test sends them and compares the replies.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::each_operation;

/// The text of `examples.json`.
pub const EXAMPLES: &str = include_str!("../../texts/examples.json");

/// A request and its reply.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Example {
    /// The id of the operation.
    pub operation: String,
    /// The path of the request, with its query.
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

/// Returns the examples in the order in which they are sent.
///
/// # Panics
/// Panics if `examples.json` holds no examples.
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

/// Sets the examples of the parameters of a path.
fn in_path(path: &str, example: &Example, parameters: &mut [Value]) {
    let called = example.path.split('?').next().unwrap_or_default().split('/');
    for (part, text) in path.split('/').zip(called) {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else { continue };
        let value = text.parse::<u64>().map_or_else(|_| text.into(), Value::from);
        let named = parameters.iter_mut().filter(|parameter| parameter["name"] == name);
        named.for_each(|parameter| parameter["example"] = value.clone());
    }
}
