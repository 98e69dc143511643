//! Logs and metrics of a running function: JSON log lines that CloudWatch reads, some of which also carry metrics.
//!
//! A line is flat: it holds the fields of its event and those of the surrounding spans (`request_id`, `shop`, Lambda's
//! `requestId` and `xrayTraceId`). If [`METRICS`] names the event, the line also states in CloudWatch's embedded metric
//! format which of its fields are metrics. So the metrics of a request cost one line and no call. No line contains a
//! token, a phone number, an e-mail address or a path. Routes are logged in place of paths, because a path can contain
//! a coupon's prefix, which is a passphrase.

use std::io::IsTerminal;

use chrono::Utc;
use serde_json::{Value, json};
use shop::discounts::coupons::guesses::THROTTLED_CLAIM;
use tracing::{Event, Level, level_filters::LevelFilter};
use tracing_subscriber::{Registry, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// Namespace of the metrics in CloudWatch.
pub const NAMESPACE: &str = "Youhui";
/// The only dimension of the metrics, and the field that holds it: the name of the CloudFormation stack. CloudWatch
/// bills each combination of dimensions as a separate metric, so differences by route or shop are only in the log
/// lines.
pub const DIMENSION: &str = "stack";

/// Target of the event that ends a request.
pub const REQUEST: &str = "request";
/// Target of the event that ends a run of a scheduled job.
pub const JOB: &str = "job";
/// Target of the event that ends init.
pub const INIT: &str = "init";

/// Metrics by the target of their event: the field of the event, and its unit.
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

/// Writes JSON log lines to stdout, which CloudWatch reads. `RUST_LOG` filters the lines; `STACK_NAME` is the dimension
/// of the metrics.
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

/// Writes log lines for people to stderr. `RUST_LOG` filters the lines.
pub fn log_text() {
    let stderr = std::io::stderr;
    let lines = tracing_subscriber::fmt::layer().with_target(false);
    let lines = lines.with_ansi(stderr().is_terminal()).with_writer(stderr);
    let quiet = Targets::new().with_default(Level::INFO).with_target("dynoxide", Level::ERROR);
    // An HTTP client without a connection pool cannot close a connection. With injected faults it would log that for
    // each call.
    let quiet = quiet.with_target("aws_smithy_runtime::client::http::connection_poisoning", LevelFilter::OFF);
    tracing_subscriber::registry().with(lines).with(filter(quiet)).init();
}

/// Reads the filter from `RUST_LOG`, such as `info` or `warn,store=debug`. Only targets and levels are supported: the
/// complete filter language needs regular expressions, which every start would have to compile.
fn filter(default: Targets) -> Targets {
    std::env::var("RUST_LOG").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Returns the embedded metric format for the events of a target; `None` if they carry no metrics.
fn metrics_of(target: &str) -> Option<Value> {
    let (_, metrics) = METRICS.iter().find(|(of, _)| *of == target)?;
    let metrics: Vec<_> = metrics.iter().map(|(name, unit)| json!({ "Name": name, "Unit": unit })).collect();
    Some(json!({
        "Timestamp": Utc::now().timestamp_millis(),
        "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": metrics }],
    }))
}
