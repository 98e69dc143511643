//! Replies against the description that is checked in: every reply of the suite passes here, whatever its test looks at.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use jsonschema::Validator;
use serde_json::Value;
use shared::http::json::parse;

use crate::Reply;

static DESCRIPTION: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../docs/openapi.json")).expect("the description"));

/// The components.
static COMPONENTS: LazyLock<Value> = LazyLock::new(|| DESCRIPTION["components"].clone());

/// The components, closed unless they are open by their description: a field that the description does not name is an error of
/// a reply. A request may have any.
static CLOSED: LazyLock<Value> = LazyLock::new(|| {
    let mut components = COMPONENTS.clone();
    for (_, schema) in components["schemas"].as_object_mut().expect("schemas") {
        if schema["properties"].is_object() && schema["additionalProperties"].is_null() {
            schema["additionalProperties"] = false.into();
        }
    }
    components
});

/// The validators that this process has made, by the place of their schema.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

static WATCHED: AtomicBool = AtomicBool::new(true);

/// Lets every reply pass: whoever measures does not measure this.
pub fn look_away() {
    WATCHED.store(false, Ordering::Relaxed);
}

/// An operation of the description.
struct Operation {
    path: &'static str,
    method: &'static str,
    said: &'static Value,
}

/// The operation of a request; a literal segment goes before a parameter. None where the path or its method is not there.
fn operation(method: &str, path: &str) -> Option<Operation> {
    let whole = path.split(['?', '#']).next()?;
    let path = whole.trim_matches('/');
    let of = |pattern: &str| {
        // A file's name takes no slash at its end.
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

/// Every error of a value under a schema with its components, as text.
fn errors(place: &str, schema: &Value, components: &Value, value: &Value) -> Vec<String> {
    let validator = validator(place, schema, components);
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Holds a reply to what the description says of its operation: the status, the body, the headers that are always there.
///
/// # Panics
/// Where it does not fit.
pub fn hold(method: &str, path: &str, reply: &Reply) {
    // What API Gateway answers itself has no request id.
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
    // An order's text can hold serde_json's own mark, which its `Value` would follow.
    let body = parse(reply.text.as_bytes()).unwrap_or_else(|error| panic!("{what}: {error}: {}", reply.text));
    let errors = errors(&what, content, &CLOSED, &body);
    assert!(errors.is_empty(), "{what}: {errors:#?}\n{}", reply.text);
}

/// What is wrong with the body of a request, by the description; nothing where it takes none.
///
/// # Panics
/// Where there is no such operation.
pub fn wrong_with_request(method: &str, path: &str, body: &Value) -> Vec<String> {
    let Operation { path, method, said } = operation(method, path).expect("an operation");
    let schema = &said["requestBody"]["content"]["application/json"]["schema"];
    if schema.is_null() { Vec::new() } else { errors(&format!("{method} {path}"), schema, &COMPONENTS, body) }
}

/// Every example of the description with what is wrong with it: those of bodies and replies, of parameters and fields.
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
    // A media type, a parameter or a header holds a schema beside its examples; a schema is one itself.
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
