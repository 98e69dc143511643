//! What a running function tells its operators: JSON log lines that CloudWatch reads, some of which are metrics too.
//!
//! A line is flat: the fields of its event beside those of the spans around it (`request_id`, `shop`, Lambda's `requestId`
//! and `xrayTraceId`). A line of an event that [`METRICS`] names also says in CloudWatch's embedded metric format which of
//! its fields are metrics, so that a request costs one line and no call. No line holds a token, a phone number, an e-mail
//! or a path: routes stand for paths, since a coupon's prefix is a passphrase.

use std::io::IsTerminal;

use chrono::Utc;
use serde_json::{Value, json};
use tracing::{Event, Level, level_filters::LevelFilter};
use tracing_subscriber::{Registry, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// The namespace of our metrics in CloudWatch.
pub const NAMESPACE: &str = "Youhui";
/// The one dimension of our metrics, and the field that holds it: the name of the CloudFormation stack. CloudWatch bills
/// each combination of dimensions as a metric of its own; what differs by route or shop is in the lines themselves.
pub const DIMENSION: &str = "stack";

/// The target of the event that ends a request.
pub const REQUEST: &str = "request";
/// The target of the event that ends a run of a scheduled job.
pub const JOB: &str = "job";
/// The target of the event that ends init.
pub const INIT: &str = "init";
/// The target of the event that a claim was turned away because too many passphrases were guessed.
pub const THROTTLED_CLAIM: &str = "throttled_claim";

/// The metrics by the target of their event: the event's field and its unit.
pub const METRICS: [(&str, &[(&str, &str)]); 4] = [
    (
        REQUEST,
        &[
            ("duration_ms", "Milliseconds"),
            ("round_trips", "Count"),
            ("read_units", "Count"),
            ("write_units", "Count"),
            ("conflicts", "Count"),
            ("refused", "Count"),
            ("faults", "Count"),
        ],
    ),
    (JOB, &[("job_duration_ms", "Milliseconds"), ("job_failures", "Count")]),
    (INIT, &[("init_ms", "Milliseconds")]),
    (THROTTLED_CLAIM, &[("throttled_claims", "Count")]),
];

/// JSON log lines on stdout, which CloudWatch reads; `RUST_LOG` filters, and `STACK_NAME` is the dimension of the metrics.
pub fn log_json() {
    let named = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let mut lines = json_subscriber::fmt::layer()
        .flatten_event(true)
        .flatten_span_list_on_top_level(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false);
    let fields = lines.inner_layer_mut();
    fields.add_static_field(DIMENSION, named("STACK_NAME").unwrap_or_else(|| "local".to_owned()).into());
    fields.add_static_field("function", named("AWS_LAMBDA_FUNCTION_NAME").into());
    fields.add_dynamic_field("_aws", |event: &Event<'_>, _: &tracing_subscriber::layer::Context<'_, Registry>| {
        metrics_of(event.metadata().target())
    });
    tracing_subscriber::registry().with(lines).with(filter(Targets::new().with_default(Level::INFO))).init();
}

/// Log lines for people on stderr; `RUST_LOG` filters.
pub fn log_text() {
    let stderr = std::io::stderr;
    let lines = tracing_subscriber::fmt::layer().with_target(false);
    let lines = lines.with_ansi(stderr().is_terminal()).with_writer(stderr);
    let quiet = Targets::new().with_default(Level::INFO).with_target("dynoxide", Level::ERROR);
    // A client that keeps no connections cannot close one: where faults are put before the store it says so of each.
    let quiet = quiet.with_target("aws_smithy_runtime::client::http::connection_poisoning", LevelFilter::OFF);
    tracing_subscriber::registry().with(lines).with(filter(quiet)).init();
}

/// What `RUST_LOG` says, such as `info` or `warn,shared=debug`. No more than that: the whole language of filters would be
/// regular expressions that every start makes.
fn filter(default: Targets) -> Targets {
    std::env::var("RUST_LOG").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What the embedded metric format says of a line, where it has metrics.
fn metrics_of(target: &str) -> Option<Value> {
    let (_, metrics) = METRICS.iter().find(|(of, _)| *of == target)?;
    let metrics: Vec<_> = metrics.iter().map(|(name, unit)| json!({ "Name": name, "Unit": unit })).collect();
    Some(json!({
        "Timestamp": Utc::now().timestamp_millis(),
        "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": metrics }],
    }))
}
