//! Whole bodies that are no JSON, too large, too deep, or JSON with two possible readings.

use serde_json::{Value, json};
use tests::Api;

use super::{is_alive, operations};

/// The marker by which serde_json recognises its own `RawValue`.
const MARK: &str = "$serde_json::private::RawValue";

/// Returns bodies that are parse errors.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let digits = "9".repeat(10_000);
    vec![
        ("100k brackets", "[".repeat(100_000).into()),
        ("100k closed brackets", ["[".repeat(100_000), "]".repeat(100_000)].concat().into()),
        ("100k objects", "{\"a\":".repeat(100_000).into()),
        ("129 levels", ["[".repeat(129), "]".repeat(129)].concat().into()),
        ("an integer of 10,000 digits", format!("{{\"a\":{digits}}}").into()),
        ("a negative one", format!("{{\"a\":-{digits}}}").into()),
        ("1e999", b"{\"a\":1e999}".to_vec()),
        ("-1e999", b"{\"a\":-1e999}".to_vec()),
        ("an exponent of 10,000 digits", format!("{{\"a\":1e{digits}}}").into()),
        ("NaN", b"{\"a\":NaN}".to_vec()),
        ("Infinity", b"{\"a\":-Infinity}".to_vec()),
        ("leading zeros", b"{\"a\":007}".to_vec()),
        ("+1", b"{\"a\":+1}".to_vec()),
        ("invalid UTF-8 in a text", b"{\"a\":\"\xc3\x28\"}".to_vec()),
        ("invalid UTF-8 in a name", b"{\"\xff\":1}".to_vec()),
        ("an overlong slash", b"{\"a\":\"\xc0\xaf\"}".to_vec()),
        ("a surrogate as UTF-8", b"{\"a\":\"\xed\xa0\x80\"}".to_vec()),
        ("a lone high surrogate", br#"{"a":"\ud800"}"#.to_vec()),
        ("a lone low surrogate", br#"{"a":"\udc00x"}"#.to_vec()),
        ("surrogates in the wrong order", br#"{"a":"\udc00\ud800"}"#.to_vec()),
        ("a raw NUL in a text", b"{\"a\":\"\0\"}".to_vec()),
        ("a raw newline in a text", b"{\"a\":\"\n\"}".to_vec()),
        ("a NUL after the end", b"{}\0".to_vec()),
        ("only NULs", vec![0; 1_000]),
        ("a byte order mark", b"\xef\xbb\xbf{}".to_vec()),
        ("UTF-16", "{}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("two documents", b"{}{}".to_vec()),
        ("a comma too many", b"{\"a\":1,}".to_vec()),
        ("a comment", b"{/* */}".to_vec()),
        ("half of an escape", br#"{"a":"\u12"}"#.to_vec()),
        ("gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xab\xae\x05\x00C\xbf\xa6\xa3\x02\x00\x00\x00".to_vec()),
        ("a form", b"title=x&customer_id=1".to_vec()),
    ]
}

/// Returns bodies that are JSON and are answered as such.
fn wellformed() -> Vec<(&'static str, Vec<u8>)> {
    let name = |index: u32| (format!("k{index}"), Value::from(index));
    let items: Vec<Value> = (0..100_000).map(|_| json!({})).collect();
    vec![
        ("127 levels", ["{\"a\":".repeat(126), "1".into(), "}".repeat(126)].concat().into()),
        ("100k names", Value::Object((0..100_000).map(name).collect()).to_string().into()),
        ("100k items", Value::from(items).to_string().into()),
        ("100k zeros", format!("[{}0]", "0,".repeat(100_000)).into()),
        ("-0", b"{\"id\":-0,\"points\":-0,\"value\":-0.0}".to_vec()),
        ("a name of 1 MB", format!("{{\"{}\":1}}", "n".repeat(1_000_000)).into()),
        ("an empty name", b"{\"\":\"\"}".to_vec()),
        ("a NUL in a name", br#"{"\u0000":1}"#.to_vec()),
        ("names of Python", br#"{"__proto__":{"a":1},"__class__":"x","constructor":1}"#.to_vec()),
        ("blanks of 4 MB", [" ".repeat(4_000_000), "{}".into()].concat().into()),
        ("null", b"null".to_vec()),
        ("a text", b"\"x\"".to_vec()),
        ("a number", b"1".to_vec()),
        ("a list in a list", b"[[[]]]".to_vec()),
        ("nulls", b"[null,null]".to_vec()),
        ("RawValue's mark", json!({ MARK: "{}" }).to_string().into()),
        ("RawValue's mark on what is none", json!({ MARK: 5 }).to_string().into()),
    ]
}

#[tokio::test]
async fn what_is_no_json_is_a_parse_error_everywhere() {
    let api = Api::start().await;
    for operation in operations().iter().filter(|operation| operation.reads_body()) {
        for (what, body) in malformed() {
            let reply = operation.send(&api, Some(body), what).await;
            let error = reply.assert_status(400)["detail"].clone();
            let error = error.as_str().unwrap_or_else(|| panic!("{} {what}: {}", operation.name, reply.text));
            assert!(error.starts_with("JSON parse error - ") && error.len() < 200, "{}: {error}", operation.name);
        }
        is_alive(&api, &operation.name).await;
    }
}

#[tokio::test]
async fn odd_json_is_answered_in_words_everywhere() {
    let api = Api::start().await;
    for operation in operations() {
        for (what, body) in wellformed() {
            operation.send(&api, Some(body), what).await;
        }
        is_alive(&api, &operation.name).await;
    }
}

#[tokio::test]
async fn a_body_over_five_megabytes_is_too_large_everywhere() {
    const LIMIT: usize = 5 * 1024 * 1024;
    let api = Api::start().await;
    for operation in operations().iter().filter(|operation| operation.reads_body()) {
        for length in [LIMIT + 1, 10_000_000, 2 * LIMIT] {
            let reply = operation.send(&api, Some(vec![b'['; length]), "too large").await;
            assert_eq!(reply.status, 413, "{} {length}", operation.name);
        }
        assert_eq!(operation.send(&api, Some(vec![b'['; LIMIT]), "just not too large").await.status, 400);
    }
    // A body above the gateway's own limit is refused in the gateway's words. The connection is not cut off.
    for length in [2 * LIMIT + 1, 30_000_000] {
        let headers = [("Content-Type", "application/json")];
        assert_eq!(api.send("POST", "/api/loyalty/level/", &headers, Some(vec![b'['; length])).await.status, 413);
    }
    is_alive(&api, "too large").await;
}

/// Returns a quotation mark for JSON that is nested in texts: its escape depends on the depth.
fn quote(depth: usize) -> String {
    if depth == 0 { "\"".to_owned() } else { format!("\\{}u0022", "u005c".repeat(depth - 1)) }
}

/// Returns JSON texts within JSON texts, each of them deep. Unfolded they have about 40,000 levels.
fn texts_in_texts() -> String {
    let depths = 400;
    let open = |depth| format!("{}{{{q}{MARK}{q}:{q}", "[".repeat(100), q = quote(depth));
    let close = |depth| format!("{}}}{}", quote(depth), "]".repeat(100));
    let (opened, closed): (String, String) = ((0..depths).map(open).collect(), (0..depths).rev().map(close).collect());
    format!("{opened}1{closed}")
}

#[tokio::test]
async fn json_in_the_texts_of_json_stays_text() {
    let api = Api::start().await;
    let bomb = texts_in_texts();
    assert!(serde_json::from_str::<serde::de::IgnoredAny>(&bomb).is_ok() && bomb.len() < 5_000_000);
    for operation in operations().iter().filter(|operation| operation.reads_body()) {
        operation.send(&api, Some(bomb.clone().into_bytes()), "texts in texts").await;
    }
    let reply = api.post("/api/loyalty/level/", &json!({ MARK: "{\"title\":\"inside\"}" })).await;
    assert_eq!(reply.assert_status(400), json!({"title": ["This field is required."]}));
    let order = json!({ MARK: "{\"id\":5}", "id": 77 });
    let order = api.put("/api/orders/order/77/", &order).await;
    // Compared as text, because the serde_json of the tests would interpret the marker.
    assert_eq!((order.status, &*order.text), (201, r#"{"$serde_json::private::RawValue":"{\"id\":5}","id":77}"#));
    is_alive(&api, "texts in texts").await;
}

#[tokio::test]
async fn of_equal_names_the_last_one_counts() {
    let api = Api::start().await;
    let bearer = format!("Bearer {}", tests::TOKEN);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let send = async |method: &str, path: &str, body: &str| {
        api.send(method, path, &headers, Some(body.as_bytes().to_vec())).await
    };
    let level = send("POST", "/api/loyalty/level/", r#"{"title":"a","title":"b"}"#).await;
    assert_eq!(level.assert_status(201)["title"], "b");
    // The effect and the stored order come from the same duplicate key.
    let order = r#"{"note":1,"customer":{"id":123},"customer":{"id":22750},"note":2}"#;
    let order = send("PUT", "/api/orders/order/78/", order).await.assert_status(201);
    assert_eq!((&order["customer"]["id"], &order["note"]), (&json!(22_750), &json!(2)));
}
