//! Checks of refusals against the console's Chinese texts. Every refusal that the console can show passes here, so that
//! a new wording that `api_messages.zh.js` lacks fails a test.

use std::sync::LazyLock;

use crate::Reply;
use regex::Regex;
use serde_json::Value;
use shared::http::json::parse;

const CHINESE: &str = include_str!("../../functions/console/web/api_messages.zh.js");

/// The marks around a pattern in that file.
const MARKS: (&str, &str) = ("/^", "$/");

/// The patterns of the translated texts, without their marks.
static PATTERNS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let pattern = |line: &'static str| {
        let (_, line) = line.split_once(MARKS.0)?;
        Some(line.split_once(MARKS.1)?.0)
    };
    CHINESE.lines().filter_map(pattern).collect()
});

/// The statuses whose texts the console shows as they come. It has texts of its own for the others.
const SHOWN: [u16; 3] = [400, 404, 409];

/// Requests that the console does not send, by the start and the end of their paths.
const MADE_ELSEWHERE: [(&str, &str); 5] = [
    ("/api/crm/", ""),
    ("/api/orders/", ""),
    ("/api/discounts/coupon/", "/redeem/"),
    ("/api/discounts/coupon_code/use/", ""),
    ("/api/discounts/coupon_code/release/", ""),
];

/// Messages about bodies that no form sends.
const OF_PROGRAMS: [&str; 7] = [
    "Invalid data. ",
    "Expected a list ",
    "JSON parse error",
    "No data provided",
    "This page would be larger",
    "Ensure this header",
    "More than 2000 ",
];

/// Checks the texts of a reply against the console's translations.
///
/// # Panics
/// If the console would show a refusal in English to a Chinese reader.
pub fn hold(method: &str, path: &str, reply: &Reply) {
    let is_of = |(start, end): &(&str, &str)| path.starts_with(start) && path.ends_with(end);
    let is_made_elsewhere = method != "GET" && MADE_ELSEWHERE.iter().any(is_of);
    // Refusals of API Gateway itself have no request id.
    if reply.header("x-request-id").is_empty() || is_made_elsewhere || !SHOWN.contains(&reply.status) {
        return;
    }
    let Ok(body) = parse(reply.text.as_bytes()) else { return };
    each_message(&body, &|message| {
        let is_known = OF_PROGRAMS.iter().any(|start| message.starts_with(start)) || is_translated(message);
        assert!(is_known, "api_messages.zh.js has no Chinese for {message:?}");
    });
}

fn each_message(body: &Value, told: &impl Fn(&str)) {
    match body {
        Value::String(message) => told(message),
        Value::Array(items) => items.iter().for_each(|item| each_message(item, told)),
        Value::Object(fields) => fields.values().for_each(|field| each_message(field, told)),
        _ => {}
    }
}

fn is_translated(message: &str) -> bool {
    let may_be = |pattern: &&&str| {
        let literal = pattern.split(['\\', '(', '.']).next().unwrap_or_default();
        message.starts_with(literal)
    };
    // Compiling all patterns is slow. A test compiles only the few that it needs.
    let is = |pattern: &&str| Regex::new(&format!("^{pattern}$")).expect("a pattern").is_match(message);
    PATTERNS.iter().filter(may_be).any(is)
}
