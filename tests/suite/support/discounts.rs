//! Coupons, rules and codes: their creation and use in the tests.

use serde_json::{Value, json};
use tests::{Api, Reply};

use super::{CODES, COUPONS, CUSTOMERS, RULES, customer, id, one};

/// An instant before and an instant after every test.
pub(crate) const PAST: &str = "2020-01-01T00:00:00+08:00";
pub(crate) const FUTURE: &str = "2999-01-01T00:00:00+08:00";

/// A coupon and the rule that was created with it.
#[derive(Clone, Copy)]
pub(crate) struct Coupon {
    pub(crate) id: u64,
    pub(crate) rule: u64,
}

/// Runs the job that stores the expiry of codes, at the time of the API's clock.
pub(crate) async fn expire_codes(api: &Api) -> expire_coupon_codes::Report {
    expire_coupon_codes::run(&api.store_of("expire_coupon_codes").await, api.server.clock.now()).await.expect("a run")
}

/// Sets these fields of a body.
pub(crate) fn with(mut body: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().expect("changes") {
        body[name] = value.clone();
    }
    body
}

/// Returns the body of a rule with these changes.
pub(crate) fn rule(changes: &Value) -> Value {
    with(json!({"title": "rule", "value": "-10.00", "value_type": "fixed_amount"}), changes)
}

/// Returns the body of a coupon that creates a rule with these changes.
pub(crate) fn nested(prefix: &str, changes: &Value) -> Value {
    json!({"code_prefix": prefix, "price_rule": rule(changes)})
}

/// Returns the message for an unknown id.
pub(crate) fn unknown(id: impl std::fmt::Display) -> String {
    format!("Invalid pk \"{id}\" - object does not exist.")
}

/// Creates an empty shop with this number of customers, from 1 on.
pub(crate) async fn shop_of(customers: u64) -> Api {
    let api = Api::empty().await;
    let one = |id| with(customer(&format!("139{id:08}")), &json!({ "id": id }));
    api.post(CUSTOMERS, &(1..=customers).map(one).collect()).await.assert_status(201);
    api
}

/// Creates a coupon together with a rule with these changes.
pub(crate) async fn coupon(api: &Api, prefix: &str, changes: &Value) -> Coupon {
    let made = api.post(COUPONS, &nested(prefix, changes)).await;
    Coupon { id: id(&made), rule: made.json()["price_rule_id"].as_u64().expect("an id") }
}

/// Creates a coupon on an existing rule.
pub(crate) async fn coupon_on(api: &Api, prefix: &str, rule: u64) -> u64 {
    id(&api.post(COUPONS, &json!({"code_prefix": prefix, "price_rule_id": rule})).await)
}

/// Changes fields of a rule and keeps the others.
pub(crate) async fn change_rule(api: &Api, rule: u64, changes: &Value) -> Value {
    let stored = api.get(&one(RULES, rule)).await.assert_status(200);
    let needed = json!({"title": stored["title"], "value": stored["value"], "value_type": stored["value_type"]});
    api.put(&one(RULES, rule), &with(needed, changes)).await.assert_status(200)
}

/// Issues codes. A pair is a customer and a coupon.
pub(crate) async fn issue(api: &Api, pairs: &[(u64, u64)]) -> Reply {
    let pair = |(customer, coupon): &(u64, u64)| json!({"customer_id": customer, "coupon_id": coupon});
    api.post(CODES, &pairs.iter().map(pair).collect()).await
}

/// Issues a code of the coupon to each of the customers.
pub(crate) async fn give(api: &Api, coupon: u64, customers: impl IntoIterator<Item = u64>) -> Reply {
    issue(api, &customers.into_iter().map(|customer| (customer, coupon)).collect::<Vec<_>>()).await
}

/// Returns the rows of a successful issue.
#[track_caller]
pub(crate) fn issued(reply: &Reply) -> Vec<Value> {
    reply.assert_status(201)["results"].as_array().expect("rows").clone()
}

/// Returns the ids of a successful issue.
#[track_caller]
pub(crate) fn issued_ids(reply: &Reply) -> Vec<u64> {
    issued(reply).iter().map(|row| row["id"].as_u64().expect("an id")).collect()
}

pub(crate) async fn set_status(api: &Api, code: u64, status: &str) -> Reply {
    api.put(&one(CODES, code), &json!({ "status": status })).await
}

/// Returns the count of a list under a query.
pub(crate) async fn count(api: &Api, path: &str) -> u64 {
    api.get(path).await.assert_status(200)["count"].as_u64().expect("a count")
}

/// An operation: method, path, body, a flag that is true if it writes, and its status when it is allowed.
pub(crate) type Operation = (&'static str, String, Option<Value>, bool, u16);

/// Asserts that each operation is allowed to the scopes of its kind and answers 403 to every other.
pub(crate) async fn each_needs_its_scope(api: &Api, operations: &[Operation]) {
    for (scopes, reads, writes) in [
        ("discounts:read", true, false),
        ("discounts:write", false, true),
        ("read", true, false),
        ("write", false, true),
        ("loyalty:read,loyalty:write,crm:read,crm:write,orders:read,orders:write", false, false),
    ] {
        let token = api.token("demo", scopes).await;
        for (method, path, body, changes, status) in operations {
            let reply = api.call_as(&token, method, path, body.as_ref()).await;
            let expected = if *changes && writes || !*changes && reads { *status } else { 403 };
            assert_eq!(reply.status, expected, "{scopes}: {method} {path}: {}", reply.text);
        }
    }
}
