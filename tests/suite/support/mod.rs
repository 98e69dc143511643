//! What several modules say in the same words.

use chrono::{DateTime, Utc};
use reqwest::Url;
use serde_json::{Value, json};
use tests::{Api, Reply};

pub(crate) const LEVELS: &str = "/api/loyalty/level/";
pub(crate) const HISTORY: &str = "/api/loyalty/point_history/";
pub(crate) const ADJUST: &str = "/api/loyalty/point_history/adjust/";
pub(crate) const SIGN: &str = "/api/loyalty/point_history/sign/";
pub(crate) const REDEEM: &str = "/api/loyalty/point_history/redeem/";
pub(crate) const REFUND: &str = "/api/loyalty/point_history/refund/";
pub(crate) const ACCOUNTS: &str = "/api/loyalty/account/";
pub(crate) const ORDERS: &str = "/api/orders/order/";
pub(crate) const CUSTOMERS: &str = "/api/crm/customer/";

pub(crate) const REQUIRED: &str = "This field is required.";
pub(crate) const NULL: &str = "This field may not be null.";
pub(crate) const BLANK: &str = "This field may not be blank.";
pub(crate) const NOT_A_STRING: &str = "Not a valid string.";
pub(crate) const NOT_AN_INTEGER: &str = "A valid integer is required.";
pub(crate) const NOT_A_NUMBER: &str = "A valid number is required.";
pub(crate) const NOT_A_BOOLEAN: &str = "Must be a valid boolean.";
pub(crate) const ENTER_A_NUMBER: &str = "Enter a number.";

/// Equal as text: the same values and the same order of keys everywhere.
#[track_caller]
pub(crate) fn same_text(got: &Value, expected: &Value) {
    assert_eq!(got, expected);
    assert_eq!(got.to_string(), expected.to_string(), "the order of keys, or a number's form");
}

/// A 400 with one message under one field, and nothing else.
#[track_caller]
pub(crate) fn refused(reply: &Reply, field: &str, message: &str, what: &impl std::fmt::Debug) {
    assert_eq!(reply.status, 400, "{field} {what:?}: {}", reply.text);
    assert_eq!(reply.json(), json!({ field: [message] }), "{field} {what:?}");
}

/// A 400 whose only key is the field.
#[track_caller]
pub(crate) fn refused_somehow(reply: &Reply, field: &str, what: &impl std::fmt::Debug) {
    assert_eq!(reply.status, 400, "{field} {what:?}: {}", reply.text);
    assert_eq!(keys(&reply.json()), [field], "{what:?}: {}", reply.text);
}

/// `{"detail": "..."}` with this status.
#[track_caller]
pub(crate) fn detail(reply: &Reply, status: u16, detail: &str) {
    assert_eq!((reply.status, reply.text.as_str()), (status, json!({ "detail": detail }).to_string().as_str()));
}

/// The keys of an object in their order.
#[track_caller]
pub(crate) fn keys(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// An instant as replies show it in +08:00: microseconds where they are not zero.
#[track_caller]
pub(crate) fn time(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().expect("an instant");
    let local = text.strip_suffix("+08:00").unwrap_or_else(|| panic!("{text} is not in +08:00"));
    let fraction = local.split_once('.').map(|(_, fraction)| fraction);
    assert!(fraction.is_none_or(|digits| digits.len() == 6 && digits != "000000"), "{text}");
    DateTime::parse_from_rfc3339(text).expect("an instant").to_utc()
}

/// An instant that the server took since `before`.
#[track_caller]
pub(crate) fn taken_since(value: &Value, before: DateTime<Utc>) {
    let time = time(value);
    assert!(time.timestamp_micros() >= before.timestamp_micros(), "{time} is before {before}");
    assert!(time <= Utc::now(), "{time} is ahead");
}

/// The path of one row.
pub(crate) fn one(list: &str, id: impl std::fmt::Display) -> String {
    format!("{list}{id}/")
}

/// The id of a created row.
#[track_caller]
pub(crate) fn id(created: &Reply) -> u64 {
    created.expect(201)["id"].as_u64().expect("an id")
}

/// A whole customer as the shop sends it, without the times.
pub(crate) fn customer(mobile: &str) -> Value {
    json!({
        "mobile": mobile, "full_name": "王小明", "gender": "unknown", "email": null, "birthday": null, "note": "",
        "accepts_marketing": true,
    })
}

/// Stores customers with these ids, in this order.
pub(crate) async fn store_customers(api: &Api, ids: &[u64]) {
    for id in ids {
        let stored = api.put(&one(CUSTOMERS, id), &customer(&format!("139{id:08}"))).await;
        stored.expect(201);
    }
}

/// An adjustment.
pub(crate) async fn adjust(api: &Api, customer: u64, points: i64) -> Reply {
    api.post(ADJUST, &json!({"customer_id": customer, "points": points})).await
}

/// A level of this title, and its id.
pub(crate) async fn level(api: &Api, title: &str) -> u64 {
    id(&api.post(LEVELS, &json!({ "title": title })).await)
}

/// The query of a link as pairs, in the order of the link, and the rest of the link.
#[track_caller]
pub(crate) fn link(value: &Value) -> (String, Vec<(String, String)>) {
    let text = value.as_str().expect("a link");
    let url: Url = text.parse().expect("an absolute address");
    let pairs = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    (text.split('?').next().expect("a start").to_owned(), pairs)
}
