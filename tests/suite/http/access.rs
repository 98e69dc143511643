//! Tokens and scopes: authentication, permissions, and the operator's commands.

use std::time::Duration;

use crate::support::{ADJUST, CUSTOMERS, HISTORY, LEVELS, customer, detail, level, one};
use chrono::{DateTime, SubsecRound, Utc};
use devserver::server::Options;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shop::operators::tokens::{self, Grant};
use store::connect::Connection;
use tests::{Api, Reply, TOKEN};

const NONE: &str = "Authentication credentials were not provided.";
const INVALID: &str = "Invalid token.";
const FORBIDDEN: &str = "You do not have permission to perform this action.";
const SCOPES: [&str; 10] = [
    "read",
    "write",
    "loyalty:read",
    "loyalty:write",
    "crm:read",
    "crm:write",
    "discounts:read",
    "discounts:write",
    "orders:read",
    "orders:write",
];

/// An operation with its group, the scope that it needs there, and its status with that scope.
struct Operation {
    method: &'static str,
    path: &'static str,
    group: &'static str,
    needs: &'static str,
    body: Value,
    status: u16,
}

impl Operation {
    fn read(path: &'static str, group: &'static str) -> Self {
        Self { method: "GET", path, group, needs: "read", body: Value::Null, status: 200 }
    }

    fn write(method: &'static str, path: &'static str, group: &'static str, body: Value, status: u16) -> Self {
        Self { method, path, group, needs: "write", body, status }
    }

    fn allowed_to(&self, scope: &str) -> bool {
        scope == self.needs || scope == format!("{}:{}", self.group, self.needs)
    }

    async fn by(&self, api: &Api, token: &str) -> Reply {
        let body = (!self.body.is_null()).then_some(&self.body);
        api.call_as(token, self.method, self.path, body).await
    }
}

/// Returns every operation on the demo data. The last one needs a level 27.
fn operations() -> Vec<Operation> {
    let title = || json!({"title": "x"});
    vec![
        Operation::read("/api/loyalty/level/", "loyalty"),
        Operation::read("/api/loyalty/level/5/", "loyalty"),
        Operation::read("/api/loyalty/point_history/", "loyalty"),
        Operation::read("/api/loyalty/point_history/11742/", "loyalty"),
        Operation::read("/api/loyalty/account/50784/", "loyalty"),
        Operation::read("/api/orders/order/2528283/", "orders"),
        Operation::read("/api/crm/customer/", "crm"),
        Operation::read("/api/crm/customer/123/", "crm"),
        Operation::read("/api/discounts/price_rule/", "discounts"),
        Operation::read("/api/discounts/coupon/", "discounts"),
        Operation::read("/api/discounts/coupon/3077/", "discounts"),
        Operation::read("/api/discounts/coupon_code/", "discounts"),
        Operation::read("/api/discounts/coupon_code/27518/", "discounts"),
        Operation::write("PUT", "/api/discounts/coupon_code/27518/", "discounts", json!({"status": "unused"}), 200),
        Operation::write("POST", "/api/loyalty/level/", "loyalty", title(), 201),
        Operation::write("PUT", "/api/loyalty/level/5/", "loyalty", title(), 200),
        Operation::write("POST", ADJUST, "loyalty", json!({"customer_id": 123, "points": 1}), 201),
        Operation::write("PUT", "/api/orders/order/2528283/", "orders", json!({"note": "x"}), 200),
        Operation::write("PUT", "/api/crm/customer/123/", "crm", customer("1"), 200),
        Operation::write("DELETE", "/api/loyalty/level/27/", "loyalty", Value::Null, 204),
    ]
}

/// Returns all lists that a change could have touched.
async fn everything(api: &Api) -> Vec<String> {
    let paths = [LEVELS, HISTORY, CUSTOMERS, "/api/discounts/coupon_code/"];
    join_all(paths.map(|path| api.get(path))).await.into_iter().map(|reply| reply.text).collect()
}

#[tokio::test]
async fn each_scope_opens_its_operations_and_no_other() {
    let api = Api::start().await;
    for scope in SCOPES {
        let doomed = one(LEVELS, level(&api, "x").await);
        let token = api.token("demo", scope).await;
        for operation in operations() {
            let path = if operation.method == "DELETE" { &doomed } else { operation.path };
            let body = (!operation.body.is_null()).then_some(&operation.body);
            let reply = api.call_as(&token, operation.method, path, body).await;
            let what = format!("{scope}: {} {}: {}", operation.method, operation.path, reply.text);
            let expected = if operation.allowed_to(scope) { operation.status } else { 403 };
            assert_eq!(reply.status, expected, "{what}");
            if expected == 403 {
                detail(&reply, 403, FORBIDDEN);
            }
        }
    }
}

#[tokio::test]
async fn a_refused_change_changes_nothing() {
    let api = Api::start().await;
    level(&api, "27").await;
    let before = everything(&api).await;
    let token = api.token("demo", "read").await;
    for operation in operations().iter().filter(|operation| operation.needs == "write") {
        detail(&operation.by(&api, &token).await, 403, FORBIDDEN);
    }
    assert_eq!(everything(&api).await, before);
}

#[tokio::test]
async fn several_scopes_open_what_each_of_them_opens() {
    let api = Api::start().await;
    let token = api.token("demo", "loyalty:read,crm:write").await;
    for operation in operations().iter().filter(|operation| operation.path != "/api/loyalty/level/27/") {
        let may = operation.allowed_to("loyalty:read") || operation.allowed_to("crm:write");
        let reply = operation.by(&api, &token).await;
        assert_eq!(reply.status, if may { operation.status } else { 403 }, "{} {}", operation.method, operation.path);
    }
}

#[tokio::test]
async fn the_scope_is_looked_at_before_body_and_id() {
    let api = Api::start().await;
    let reader = api.token("demo", "read").await;
    for (method, path) in [("POST", LEVELS), ("PUT", "/api/loyalty/level/999/"), ("POST", ADJUST)] {
        detail(&api.call_as(&reader, method, path, Some(&json!({"title": []}))).await, 403, FORBIDDEN);
    }
    detail(&api.call_as(&reader, "DELETE", "/api/loyalty/level/999/", None).await, 403, FORBIDDEN);
    let writer = api.token("demo", "write").await;
    detail(&api.call_as(&writer, "GET", &format!("{LEVELS}?page=0"), None).await, 403, FORBIDDEN);
    detail(&api.call_as(&writer, "GET", "/api/loyalty/level/999/", None).await, 403, FORBIDDEN);
    let refused = api.call_as(&writer, "HEAD", LEVELS, None).await;
    assert_eq!(refused.status, 403);
    // RFC 6750: the challenge names the missing scope.
    let challenge = r#"Bearer realm="api", error="insufficient_scope", scope="loyalty:read""#;
    assert_eq!(refused.header("www-authenticate"), challenge);
}

#[track_caller]
fn unauthenticated(reply: &Reply, messages: &[&str], what: &str) {
    assert_eq!(reply.status, 401, "{what}: {}", reply.text);
    assert!(messages.iter().any(|message| reply.json() == json!({ "detail": message })), "{what}: {}", reply.text);
    assert_eq!(reply.header("www-authenticate"), r#"Bearer realm="api""#, "{what}");
    assert_eq!(reply.header("content-type"), "application/json", "{what}");
}

#[tokio::test]
async fn without_a_token_every_operation_is_refused() {
    let api = Api::start().await;
    level(&api, "27").await;
    let before = everything(&api).await;
    for operation in operations() {
        let body = operation.body.to_string().into_bytes();
        let reply = api.send(operation.method, operation.path, &[], Some(body)).await;
        unauthenticated(&reply, &[NONE], operation.path);
        unauthenticated(&operation.by(&api, "nobody").await, &[INVALID], operation.path);
    }
    assert_eq!(everything(&api).await, before);
}

#[tokio::test]
async fn every_form_of_a_bad_authorization_is_refused() {
    let api = Api::start().await;
    let forms: [(&str, &[&str]); 9] = [
        ("Bearer nobody", &[INVALID]),
        ("Basic dXNlcjpwYXNz", &[NONE]),
        (TOKEN, &[NONE, INVALID]),
        ("", &[NONE, INVALID]),
        ("Bearer", &[NONE, INVALID]),
        ("Bearer ", &[NONE, INVALID]),
        (&format!("Bearer {TOKEN} {TOKEN}"), &[NONE, INVALID]),
        (&format!("Bearer {}", TOKEN.to_uppercase()), &[INVALID]),
        (&format!("Bearer {}", "x".repeat(5000)), &[INVALID]),
    ];
    for (form, messages) in forms {
        let reply = api.send("GET", LEVELS, &[("Authorization", form)], None).await;
        unauthenticated(&reply, messages, form);
    }
    let reply = api.send("GET", &format!("{LEVELS}?access_token={TOKEN}"), &[], None).await;
    unauthenticated(&reply, &[NONE], "query");
}

#[tokio::test]
async fn the_word_bearer_is_read_in_any_case() {
    let api = Api::start().await;
    for word in ["Bearer", "bearer", "BEARER"] {
        let form = format!("{word} {TOKEN}");
        assert_eq!(api.send("GET", LEVELS, &[("Authorization", &form)], None).await.ids(), [5, 8, 9], "{word}");
    }
}

/// Creates a token of the demo shop that expires at this time.
async fn ending(api: &Api, text: &str, end: DateTime<Utc>) {
    let grant = Grant {
        shop: "demo".parse().expect("a shop"),
        scopes: "read,write".parse().expect("scopes"),
        label: "ending".to_owned(),
        expires_at: Some(end),
    };
    tokens::mint(&api.server.store, text, grant, Utc::now().trunc_subsecs(6)).await.expect("a token");
}

#[tokio::test]
async fn an_expired_token_is_invalid() {
    let api = Api::start().await;
    let now = Utc::now().trunc_subsecs(6);
    ending(&api, "yesterday", now - Duration::from_secs(86_400)).await;
    ending(&api, "just-now", now).await;
    ending(&api, "tomorrow", now + Duration::from_secs(86_400)).await;
    unauthenticated(&api.call_as("yesterday", "GET", LEVELS, None).await, &[INVALID], "yesterday");
    unauthenticated(&api.call_as("just-now", "GET", LEVELS, None).await, &[INVALID], "just now");
    assert_eq!(api.call_as("tomorrow", "GET", LEVELS, None).await.ids(), [5, 8, 9]);
}

#[tokio::test]
async fn a_token_ends_on_time_though_it_is_remembered() {
    let api = Api::start().await;
    let end = Utc::now().trunc_subsecs(6) + Duration::from_secs(1);
    ending(&api, "soon", end).await;
    let first = api.call_as("soon", "GET", LEVELS, None).await;
    assert!(first.status == 200 || Utc::now() >= end, "{}", first.text);
    if let Ok(rest) = (end - Utc::now()).to_std() {
        tokio::time::sleep(rest + Duration::from_millis(2)).await;
    }
    unauthenticated(&api.call_as("soon", "GET", LEVELS, None).await, &[INVALID], "soon");
}

/// Runs an operator's command, given as JSON.
async fn operate(api: &Api, command: Value) -> Result<Value, shared::Error> {
    let command = serde_json::from_value(command).expect("a command");
    let answer = operator::run(&api.store_of("operator").await, command).await?;
    Ok(serde_json::to_value(answer).expect("JSON"))
}

#[tokio::test]
async fn a_revoked_token_is_invalid_once_it_is_forgotten() {
    let options = Options { remember_tokens: Duration::from_millis(20), ..Options::default() };
    let api = Api::with(options, Connection::default()).await;
    let mint = json!({"action": "mint_token", "shop": "demo", "scopes": ["read"], "label": "ERP"});
    let minted = operate(&api, mint).await.expect("a token");
    let (text, id) = (minted["text"].as_str().expect("a text"), &minted["token"]["id"]);
    assert_eq!(api.call_as(text, "GET", LEVELS, None).await.ids(), [5, 8, 9]);
    operate(&api, json!({"action": "revoke_token", "shop": "demo", "id": id})).await.expect("done");
    tokio::time::sleep(Duration::from_millis(100)).await;
    unauthenticated(&api.call_as(text, "GET", LEVELS, None).await, &[INVALID], "revoked");
    assert_eq!(api.get(LEVELS).await.ids(), [5, 8, 9]);
}

#[tokio::test]
async fn tokens_are_listed_by_shop_without_their_texts() {
    let api = Api::start().await;
    let list = async |shop: &str| {
        let listed = operate(&api, json!({"action": "list_tokens", "shop": shop})).await.expect("tokens");
        listed["tokens"].as_array().expect("a list").clone()
    };
    let (demo, other) = (list("demo").await.len(), list("other").await.len());
    let mint = json!({"action": "mint_token", "shop": "demo", "scopes": ["loyalty:read"], "label": "收银台"});
    let minted = operate(&api, mint).await.expect("a token");
    assert_eq!((list("demo").await.len(), list("other").await.len()), (demo + 1, other));
    let listed = list("demo").await;
    let row = listed.iter().find(|row| row["id"] == minted["token"]["id"]).expect("the new token");
    assert_eq!((&row["label"], &row["scopes"]), (&json!("收银台"), &json!(["loyalty:read"])));
    let text = serde_json::to_string(&listed).expect("JSON");
    assert!(!text.contains(minted["text"].as_str().expect("a text")) && !text.contains(TOKEN));
}

#[tokio::test]
async fn operators_cannot_name_a_shop_or_token_that_does_not_exist() {
    let api = Api::start().await;
    let minted = operate(&api, json!({"action": "mint_token", "shop": "demo", "scopes": ["read"]})).await;
    let minted = minted.expect("a token");
    for command in [
        json!({"action": "mint_token", "shop": "nobody", "scopes": ["read"]}),
        json!({"action": "list_tokens", "shop": "nobody"}),
        json!({"action": "revoke_token", "shop": "demo", "id": "nothing"}),
        json!({"action": "revoke_token", "shop": "other", "id": minted["token"]["id"]}),
    ] {
        let answer = operate(&api, command.clone()).await;
        assert!(matches!(answer, Err(shared::Error::NotFound)), "{command}: {answer:?}");
    }
    let text = minted["text"].as_str().expect("a text");
    assert_eq!(api.call_as(text, "GET", &one(LEVELS, 5), None).await.status, 200);
}

#[tokio::test]
async fn a_shop_has_a_zone_of_its_own() {
    let api = Api::start().await;
    let york = json!({"action": "put_shop", "shop": "york", "zone": "America/New_York"});
    operate(&api, york).await.expect("a shop");
    let token = api.token("york", "read,write").await;
    let cases = [
        ("2018-01-03T13:56:15", "2018-01-03T13:56:15-05:00"),
        ("2018-07-03T13:56:15", "2018-07-03T13:56:15-04:00"),
        ("2018-07-03T13:56:15+08:00", "2018-07-03T01:56:15-04:00"),
    ];
    for ((sent, shown), id) in cases.into_iter().zip(1..) {
        let mut body = customer("1");
        body["created_at"] = json!(sent);
        let stored = api.call_as(&token, "PUT", &one(CUSTOMERS, id), Some(&body)).await;
        assert_eq!(stored.assert_status(201)["created_at"], shown, "{sent}");
    }
}
