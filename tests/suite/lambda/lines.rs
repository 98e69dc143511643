//! The output of a function: flat JSON lines that CloudWatch reads as logs and metrics, without secrets.

use std::collections::HashSet;

use crate::support::{EVALUATE, RELEASE};
use serde_json::Value;
use shared::telemetry::{DIMENSION, NAMESPACE};

/// The units of CloudWatch metrics that we use.
const UNITS: [&str; 2] = ["Count", "Milliseconds"];

/// Parses the lines as JSON. Asserts that each is an object, and that lines with metrics have the embedded metric
/// format.
#[track_caller]
pub(crate) fn parsed(lines: &[String]) -> Vec<Value> {
    let parse = |line: &String| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let parsed: Vec<Value> = lines.iter().map(parse).collect();
    for line in &parsed {
        assert!(line.is_object(), "{line}");
        if !line["_aws"].is_null() {
            is_embedded_metric(line);
        }
    }
    parsed
}

/// Checks a line against AWS's specification of the embedded metric format.
#[track_caller]
fn is_embedded_metric(line: &Value) {
    let aws = &line["_aws"];
    assert!(aws["Timestamp"].as_u64().is_some_and(|instant| instant > 1_700_000_000_000), "{line}");
    let directives = aws["CloudWatchMetrics"].as_array().expect("directives");
    assert!(!directives.is_empty(), "{line}");
    for directive in directives {
        assert_eq!(directive["Namespace"], NAMESPACE, "{line}");
        assert_eq!(directive["Dimensions"], serde_json::json!([[DIMENSION]]), "{line}");
        assert!(line[DIMENSION].as_str().is_some_and(|value| !value.is_empty()), "{line}");
        let metrics = directive["Metrics"].as_array().expect("metrics");
        assert!((1..=100).contains(&metrics.len()), "{line}");
        for metric in metrics {
            let name = metric["Name"].as_str().expect("a name");
            assert!(line[name].is_number(), "{name} is no number: {line}");
            assert!(metric["Unit"].as_str().is_some_and(|unit| UNITS.contains(&unit)), "{metric}");
        }
    }
}

/// Returns the only metric line of this invocation.
#[track_caller]
pub(crate) fn of_invocation<'a>(lines: &'a [Value], id: &str) -> &'a Value {
    let of_it: Vec<_> =
        lines.iter().filter(|line| line["requestId"].as_str() == Some(id) && !line["_aws"].is_null()).collect();
    assert_eq!(of_it.len(), 1, "{id} in {lines:#?}");
    of_it[0]
}

/// Asserts that the line of a request has all the fields that an operator searches for.
#[track_caller]
pub(crate) fn is_of_request(line: &Value, event: &Value, status: u64) {
    let context = &event["requestContext"];
    assert_eq!(line["request_id"], context["requestId"], "{line}");
    assert_eq!(line["method"], context["http"]["method"], "{line}");
    assert_eq!(line["status"], status, "{line}");
    let route = line["route"].as_str().expect("a route").trim_end_matches('/');
    assert_eq!(event["routeKey"], format!("ANY {route}"), "{line}");
    let asks_for_a_token = !event["headers"]["authorization"].is_null();
    assert_eq!(line["shop"].as_str(), asks_for_a_token.then_some("demo"), "{line}");
    assert!(line["duration_ms"].as_f64().is_some_and(|duration| duration > 0.0), "{line}");
    for units in ["read_units", "write_units"] {
        assert!(line[units].as_f64().is_some_and(|units| units >= 0.0), "{units}: {line}");
    }
    // Pricing writes nothing, and the order of the events has nothing to release.
    let path = event["rawPath"].as_str().expect("a path");
    let changes = context["http"]["method"] != "GET" && ![EVALUATE, RELEASE].contains(&path);
    assert_eq!(line["write_units"].as_f64().is_some_and(|units| units > 0.0), changes, "{line}");
    assert_eq!(line["round_trips"].as_u64().is_some_and(|round_trips| round_trips > 0), asks_for_a_token, "{line}");
    let trace = line["xrayTraceId"].as_str().unwrap_or_default();
    assert_eq!(trace, tests::lambda::TRACE, "{line}");
}

/// Collects the texts that no log may contain: mobile numbers and e-mail addresses.
pub(crate) fn private(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if let (Some(text), "mobile" | "email") = (field.as_str(), name.as_str()) {
                    found.insert(text.to_owned());
                }
                private(field, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| private(item, found)),
        _ => {}
    }
}

/// Asserts that no line contains any of these texts.
#[track_caller]
pub(crate) fn hold_none_of(lines: &[String], secrets: &HashSet<String>) {
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        assert!(lines.iter().all(|line| !line.contains(secret.as_str())), "a line holds {secret}");
    }
}
