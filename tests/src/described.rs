//! Checks of replies against `docs/openapi.json`. Every reply of the suite passes here, whatever its test asserts.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::Reply;
use jsonschema::Validator;
use serde_json::Value;
use shared::http::json::parse;

static DESCRIPTION: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../docs/openapi.json")).expect("the description"));

/// The components of the description.
static COMPONENTS: LazyLock<Value> = LazyLock::new(|| DESCRIPTION["components"].clone());

/// The components with closed objects, except those that the description opens: a reply may not have a field that the
/// description does not name. A request may have any field.
static CLOSED: LazyLock<Value> = LazyLock::new(|| {
    let mut components = COMPONENTS.clone();
    for (_, schema) in components["schemas"].as_object_mut().expect("schemas") {
        if schema["properties"].is_object() && schema["additionalProperties"].is_null() {
            schema["additionalProperties"] = false.into();
        }
    }
    components
});

/// The validators that this process has compiled, by the place of their schema.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

static WATCHED: AtomicBool = AtomicBool::new(true);

/// Switches the check off for this process, so that benchmarks do not measure it.
pub fn look_away() {
    WATCHED.store(false, Ordering::Relaxed);
}

/// An operation of the description.
struct Operation {
    path: &'static str,
    method: &'static str,
    said: &'static Value,
}

/// Finds the operation of a request. A literal segment takes precedence over a parameter. Returns `None` if the path or
/// its method is unknown.
fn operation(method: &str, path: &str) -> Option<Operation> {
    let whole = path.split(['?', '#']).next()?;
    let path = whole.trim_matches('/');
    let of = |pattern: &str| {
        // The path of a file has no slash at its end.
        if !pattern.ends_with('/') && pattern != whole {
            return None;
        }
        let (mut rank, mut parts) = (0, path.split('/'));
        for part in pattern.trim_matches('/').split('/') {
            match parts.next() {
                Some(given) if given == part => {}
                Some(given) if part.starts_with('{') && !given.is_empty() => rank += 1,
                _ => return None,
            }
        }
        parts.next().is_none().then_some(rank)
    };
    let paths = DESCRIPTION["paths"].as_object()?;
    let (_, path, item) =
        paths.iter().filter_map(|(path, item)| Some((of(path)?, path, item))).min_by_key(|found| found.0)?;
    let (method, said) = item.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(method))?;
    Some(Operation { path, method, said })
}

fn resolved(value: &Value) -> &Value {
    let to = value["$ref"].as_str().and_then(|to| DESCRIPTION.pointer(to.strip_prefix('#')?));
    to.unwrap_or(value)
}

fn validator(place: &str, schema: &Value, components: &Value) -> Arc<Validator> {
    let mut known = VALIDATORS.lock().expect("lock");
    let make = || {
        let mut whole = schema.clone();
        whole["components"] = components.clone();
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        Arc::new(options.build(&whole).unwrap_or_else(|error| panic!("{place}: {error}")))
    };
    known.entry(place.to_owned()).or_insert_with(make).clone()
}

/// Returns every error of a value under a schema and its components, as text.
fn errors(place: &str, schema: &Value, components: &Value, value: &Value) -> Vec<String> {
    let validator = validator(place, schema, components);
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Checks the status, the body and the required headers of a reply against its operation.
///
/// # Panics
/// If the reply does not fit the description.
pub fn hold(method: &str, path: &str, reply: &Reply) {
    // Replies of API Gateway itself have no request id and are not described.
    if !WATCHED.load(Ordering::Relaxed) || reply.header("x-request-id").is_empty() {
        return;
    }
    let Some(Operation { path, method, said }) = operation(method, path) else { return };
    let what = format!("{method} {path} {}", reply.status);
    let described = &said["responses"][reply.status.to_string()];
    assert!(!described.is_null(), "{what} is not described: {}", reply.text);
    let described = resolved(described);
    for (name, header) in described["headers"].as_object().into_iter().flatten() {
        assert!(resolved(header)["required"] != true || !reply.header(name).is_empty(), "{what} has no {name}");
    }
    let content = &described["content"]["application/json"]["schema"];
    if content.is_null() {
        assert_eq!(reply.text, "", "{what} has a body");
        return;
    }
    assert_eq!(reply.header("content-type"), "application/json", "{what}");
    // An order may contain the marker text of serde_json's `RawValue`; plain deserialisation into `Value` would
    // interpret it.
    let body = parse(reply.text.as_bytes()).unwrap_or_else(|error| panic!("{what}: {error}: {}", reply.text));
    let errors = errors(&what, content, &CLOSED, &body);
    assert!(errors.is_empty(), "{what}: {errors:#?}\n{}", reply.text);
}

/// Returns the errors of a request body by the description. The list is empty if the operation takes no body.
///
/// # Panics
/// If the operation is unknown.
pub fn wrong_with_request(method: &str, path: &str, body: &Value) -> Vec<String> {
    let Operation { path, method, said } = operation(method, path).expect("an operation");
    let schema = &said["requestBody"]["content"]["application/json"]["schema"];
    if schema.is_null() { Vec::new() } else { errors(&format!("{method} {path}"), schema, &COMPONENTS, body) }
}

/// Returns every example of the description with its errors: examples of bodies, replies, parameters and fields.
pub fn examples() -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    each_example("", &DESCRIPTION, &mut found);
    found
}

fn each_example(place: &str, value: &'static Value, found: &mut Vec<(String, Vec<String>)>) {
    let Some(object) = value.as_object() else {
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            each_example(&format!("{place}/{index}"), item, found);
        }
        return;
    };
    // A media type, a parameter or a header has a schema beside its examples. A schema is its own schema.
    let schema = object.get("schema").cloned().unwrap_or_else(|| {
        let mut alone = value.clone();
        alone.as_object_mut().and_then(|alone| alone.shift_remove("example"));
        alone
    });
    let mut check = |what: &str, example: &Value| {
        let place = format!("{place}/{what}");
        let errors = errors(&place, &schema, &COMPONENTS, example);
        found.push((place, errors));
    };
    if let Some(example) = object.get("example") {
        check("example", example);
    }
    for (name, example) in object.get("examples").and_then(Value::as_object).into_iter().flatten() {
        check(name, &example["value"]);
    }
    for (key, value) in object {
        if !["example", "examples"].contains(&key.as_str()) {
            each_example(&format!("{place}/{key}"), value, found);
        }
    }
}
