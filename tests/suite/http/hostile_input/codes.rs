//! Similar characters in codes and prefixes: texts that look alike are refused or compared exactly, never folded.

use serde_json::{Value, json};
use tests::Api;

use crate::support::{CODES, COUPONS, discounts::nested, one, refused, refused_somehow};

/// The text `coupon` and texts that a reader confuses with it.
const ALIKE: [&str; 12] = [
    "Coupon",
    "сoupon",
    "cοupon",
    "coupοn",
    "ｃｏｕｐｏｎ",
    "cou\u{200b}pon",
    "coupon\u{200d}",
    "\u{feff}coupon",
    "co\u{ad}upon",
    "\u{202e}nopuoc",
    "coupo\u{6e}\u{301}",
    "coupoń",
];

async fn issue(api: &Api, count: usize) -> Vec<Value> {
    let pairs = vec![json!({"customer_id": 123, "coupon_id": 987}); count];
    let issued = api.post(CODES, &Value::from(pairs)).await.assert_status(201);
    issued["results"].as_array().expect("codes").iter().map(|code| code["id"].clone()).collect()
}

#[tokio::test]
async fn codes_that_look_alike_are_different_codes() {
    let api = Api::start().await;
    let ids = issue(&api, ALIKE.len() + 2).await;
    let rename = async |id: &Value, text: &str| api.put(&one(CODES, id), &json!({ "code": text })).await;
    assert_eq!(rename(&ids[0], "coupon").await.assert_status(200)["code"], "coupon");
    for (id, text) in ids[1..].iter().zip(ALIKE) {
        assert_eq!(rename(id, text).await.assert_status(200)["code"], text, "{text:?}");
        assert_eq!(api.get(&one(CODES, id)).await.assert_status(200)["code"], text, "{text:?}");
    }
    let last = ids.last().expect("a code");
    for text in ALIKE.into_iter().chain(["coupon", " coupon ", "coupon\u{3000}"]) {
        refused_somehow(&rename(last, text).await, "code", &text);
    }
}

#[tokio::test]
async fn a_code_has_at_most_64_characters_whatever_they_take() {
    let api = Api::start().await;
    let id = &issue(&api, 1).await[0];
    for letter in ["x", "ß", "码", "\u{1f3ab}"] {
        let code = json!({ "code": letter.repeat(64) });
        assert_eq!(api.put(&one(CODES, id), &code).await.assert_status(200)["code"], code["code"]);
        let reply = api.put(&one(CODES, id), &json!({ "code": letter.repeat(65) })).await;
        refused(&reply, "code", "Ensure this field has no more than 64 characters.", &letter);
    }
    for (code, message) in
        [("a\0b", "Null characters are not allowed."), ("\u{3000} \t", "This field may not be blank.")]
    {
        refused(&api.put(&one(CODES, id), &json!({ "code": code })).await, "code", message, &code);
    }
}

#[tokio::test]
async fn a_prefix_that_only_looks_like_one_is_refused() {
    let api = Api::start().await;
    api.post(COUPONS, &nested("coupon", &json!({}))).await.assert_status(201);
    api.post(COUPONS, &nested("Coupon", &json!({}))).await.assert_status(201);
    for text in &ALIKE[1..] {
        let message = "Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens.";
        refused(&api.post(COUPONS, &nested(text, &json!({}))).await, "code_prefix", message, text);
    }
    for text in ["coupon", " coupon\n"] {
        let message = "coupon with this code prefix already exists.";
        refused(&api.post(COUPONS, &nested(text, &json!({}))).await, "code_prefix", message, &text);
    }
    let found = async |filter: &str, text: &str| {
        let text: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        api.get(&format!("{COUPONS}?{filter}={text}")).await.assert_status(200)["count"].clone()
    };
    for filter in ["code_prefix", "code_prefix__in"] {
        assert_eq!((found(filter, "coupon").await, found(filter, "Coupon").await), (json!(1), json!(1)), "{filter}");
        for text in &ALIKE[1..] {
            assert_eq!(found(filter, text).await, 0, "{filter} {text:?}");
        }
    }
}
