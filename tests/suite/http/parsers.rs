//! Property tests of every parser of outside input. No text and no JSON makes it panic, an accepted value is within its
//! bounds, and a rendered value is read back unchanged.
//!
//! `YOUHUI_FUZZ_SECONDS=600 cargo nextest run --profile fuzz --package tests http::parsers::` continues with new cases
//! for that time in each test, and shrinks failures. `.ci/fuzz` fuzzes the whole API by coverage.

mod bodies;
mod queries;
mod texts;

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseResult, TestRunner},
};
use serde_json::{Map, Number, Value};

/// Checks a property for 512 cases, and for more until the time in the environment is over.
pub(crate) fn holds<S: Strategy>(strategy: S, property: impl Fn(S::Value) -> TestCaseResult)
where
    S::Value: Debug,
{
    let seconds = std::env::var("YOUHUI_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let (began, patience) = (Instant::now(), Duration::from_secs(seconds.unwrap_or(0)));
    loop {
        let config = Config { cases: 512, failure_persistence: None, ..Config::default() };
        if let Err(error) = TestRunner::new(config).run(&strategy, &property) {
            panic!("{error}");
        }
        if began.elapsed() >= patience {
            return;
        }
    }
}

/// Generates any text, and texts that are nearly numbers, instants or lists of them.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[-+]?[0-9]{0,40}\\.?[0-9]{0,40}([eE][-+]?[0-9]{0,12})?",
        "[ \u{3000}]?[0-9]{1,5}-[0-9]{1,3}-[0-9]{1,3}[T ]?[0-9]{0,3}(:[0-9]{0,3}){0,3}([.,][0-9]{0,14})?(Z|[-+][0-9:]{0,6})?",
        "[-0-9a-z,. +%#:_\0\u{200b}١１²]{0,30}",
        "(true|false|null|NaN|inf|-inf|last|id|-id|unused|used)(,(x|1|used|))?",
        "(loyalty|discounts|crm|orders|x)?:?(read|write|)",
    ]
}

/// Generates JSON of any shape.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<f64>().prop_map(|float| Number::from_f64(float).unwrap_or(Number::from(0))),
        (-1_000_000..1_000_000i64).prop_map(|hundredths| Number::from_f64(hundredths as f64 / 100.0).expect("finite")),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(Value::Number),
        texts().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let names = prop_oneof!["id|customer|title|value|", texts()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((names, inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}
