//! Assertions on replies, and readers of their values.

use chrono::{DateTime, Utc};
use reqwest::Url;
use serde_json::{Value, json};
use tests::Reply;

/// Asserts that both values have the same text: equal values and the same order of keys.
#[track_caller]
pub(crate) fn same_text(got: &Value, expected: &Value) {
    assert_eq!(got, expected);
    assert_eq!(got.to_string(), expected.to_string(), "the order of keys, or a number's form");
}

/// Asserts a 400 with one message under one field and nothing else.
#[track_caller]
pub(crate) fn refused(reply: &Reply, field: &str, message: &str, what: &impl std::fmt::Debug) {
    assert_eq!(reply.status, 400, "{field} {what:?}: {}", reply.text);
    assert_eq!(reply.json(), json!({ field: [message] }), "{field} {what:?}");
}

/// Asserts a 400 whose only key is the field.
#[track_caller]
pub(crate) fn refused_somehow(reply: &Reply, field: &str, what: &impl std::fmt::Debug) {
    assert_eq!(reply.status, 400, "{field} {what:?}: {}", reply.text);
    assert_eq!(keys(&reply.json()), [field], "{what:?}: {}", reply.text);
}

/// Asserts this status and the body `{"detail": "..."}`.
#[track_caller]
pub(crate) fn detail(reply: &Reply, status: u16, detail: &str) {
    assert_eq!((reply.status, reply.text.as_str()), (status, json!({ "detail": detail }).to_string().as_str()));
}

/// Returns the keys of an object in their order.
#[track_caller]
pub(crate) fn keys(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// Parses an instant of a reply. It must be in +08:00 and have microseconds only if they are not zero.
#[track_caller]
pub(crate) fn time(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().expect("an instant");
    let local = text.strip_suffix("+08:00").unwrap_or_else(|| panic!("{text} is not in +08:00"));
    let fraction = local.split_once('.').map(|(_, fraction)| fraction);
    assert!(fraction.is_none_or(|digits| digits.len() == 6 && digits != "000000"), "{text}");
    DateTime::parse_from_rfc3339(text).expect("an instant").to_utc()
}

/// Asserts that the server took the instant between `before` and now.
#[track_caller]
pub(crate) fn taken_since(value: &Value, before: DateTime<Utc>) {
    let time = time(value);
    assert!(time.timestamp_micros() >= before.timestamp_micros(), "{time} is before {before}");
    assert!(time <= Utc::now(), "{time} is ahead");
}

/// Splits a link into its address and its query pairs, in their order.
#[track_caller]
pub(crate) fn link(value: &Value) -> (String, Vec<(String, String)>) {
    let text = value.as_str().expect("a link");
    let url: Url = text.parse().expect("an absolute address");
    let pairs = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    (text.split('?').next().expect("a start").to_owned(), pairs)
}

/// Asserts a 409 by a limit. Its text must contain the remaining number, if that is known.
#[track_caller]
pub(crate) fn over(reply: &Reply, left: Option<u64>) {
    assert_eq!((reply.status, keys(&reply.json())), (409, vec!["detail"]), "{}", reply.text);
    let body = reply.json();
    let detail = body["detail"].as_str().expect("a text");
    assert!(left.is_none_or(|left| detail.contains(&left.to_string())), "{left:?} left, but: {detail}");
}
