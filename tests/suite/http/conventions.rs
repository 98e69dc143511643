//! The common part of every request: bodies, media types, methods and headers.

use serde_json::{Value, json};
use tests::{Api, Reply, TOKEN};

use crate::support::{ADJUST, CUSTOMERS, HISTORY, LEVELS, REQUIRED, customer, detail, one};

const MEGABYTE: usize = 1_000_000;

/// Every path with its methods.
const PATHS: [(&str, &[&str]); 18] = [
    ("/api/discounts/price_rule/", &["GET", "POST"]),
    ("/api/discounts/price_rule/5389/", &["GET", "PUT", "DELETE"]),
    ("/api/discounts/coupon/", &["GET", "POST"]),
    ("/api/discounts/coupon/3077/", &["GET", "DELETE"]),
    ("/api/discounts/coupon_code/", &["GET", "POST"]),
    ("/api/discounts/coupon_code/27518/", &["GET", "PUT", "DELETE"]),
    ("/api/loyalty/level/", &["GET", "POST"]),
    ("/api/loyalty/level/5/", &["GET", "PUT", "DELETE"]),
    ("/api/loyalty/point_history/", &["GET"]),
    ("/api/loyalty/point_history/11742/", &["GET"]),
    ("/api/loyalty/point_history/adjust/", &["POST"]),
    ("/api/loyalty/point_history/sign/", &["POST"]),
    ("/api/loyalty/point_history/redeem/", &["POST"]),
    ("/api/loyalty/point_history/refund/", &["POST"]),
    ("/api/loyalty/account/50784/", &["GET"]),
    ("/api/orders/order/2528283/", &["GET", "PUT"]),
    ("/api/crm/customer/", &["GET", "POST"]),
    ("/api/crm/customer/123/", &["GET", "PUT"]),
];

/// Sends a body of this media type with the demo shop's token.
async fn send_as(api: &Api, method: &str, path: &str, media: &str, body: &[u8]) -> Reply {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", media)];
    api.send(method, path, &headers, Some(body.to_vec())).await
}

/// Every operation that reads a body.
const WITH_BODIES: [(&str, &str); 12] = [
    ("POST", LEVELS),
    ("PUT", "/api/loyalty/level/5/"),
    ("POST", ADJUST),
    ("POST", "/api/loyalty/point_history/sign/"),
    ("POST", "/api/loyalty/point_history/redeem/"),
    ("POST", "/api/loyalty/point_history/refund/"),
    ("PUT", "/api/orders/order/2528283/"),
    ("PUT", "/api/crm/customer/123/"),
    ("POST", "/api/discounts/price_rule/"),
    ("PUT", "/api/discounts/price_rule/5389/"),
    ("POST", "/api/discounts/coupon/"),
    ("PUT", "/api/discounts/coupon_code/27518/"),
];

#[tokio::test]
async fn a_body_that_is_no_json_is_a_parse_error() {
    let api = Api::start().await;
    let bodies: [&[u8]; 9] = [
        b"{",
        b"title=x",
        b"{\"title\": NaN}",
        b"{'title': 1}",
        b"{\"a\":1} x",
        b"\xff\xfe",
        b"{\"title\":\"\xff\"}",
        b" ",
        b"[1,",
    ];
    for ((method, path), body) in WITH_BODIES.iter().flat_map(|operation| bodies.map(|body| (operation, body))) {
        let reply = send_as(&api, method, path, "application/json", body).await;
        assert_eq!(reply.status, 400, "{method} {path} {body:?}: {}", reply.text);
        let error = reply.json();
        assert_eq!(crate::support::keys(&error), ["detail"], "{method} {path} {body:?}");
        assert!(error["detail"].as_str().expect("a text").starts_with("JSON parse error - "), "{error}");
    }
}

#[tokio::test]
async fn a_deeply_nested_body_is_refused_and_the_next_request_is_served() {
    let api = Api::start().await;
    for open in ["[", "{\"title\":"] {
        let reply = send_as(&api, "POST", LEVELS, "application/json", open.repeat(100_000).as_bytes()).await;
        assert_eq!(reply.status, 400, "{}", reply.text);
    }
    assert_eq!(api.get(LEVELS).await.ids(), [5, 8, 9]);
}

#[tokio::test]
async fn an_empty_body_is_an_empty_object() {
    let api = Api::start().await;
    let title = json!({"title": [REQUIRED]});
    let both = json!({"customer_id": [REQUIRED], "points": [REQUIRED]});
    for (method, path, errors) in
        [("POST", LEVELS, &title), ("PUT", "/api/loyalty/level/5/", &title), ("POST", ADJUST, &both)]
    {
        assert_eq!(
            &send_as(&api, method, path, "application/json", b"").await.assert_status(400),
            errors,
            "{method} {path}"
        );
        assert_eq!(&api.call(method, path, None).await.assert_status(400), errors, "{method} {path}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused_with_the_name_of_its_type() {
    let api = Api::start().await;
    let bodies = [
        (json!([]), "list"),
        (json!([{"title": "x"}]), "list"),
        (json!("x"), "str"),
        (json!(5), "int"),
        (json!(1.5), "float"),
        (json!(true), "bool"),
    ];
    for ((method, path), (body, name)) in
        WITH_BODIES.iter().flat_map(|operation| bodies.iter().map(move |body| (operation, body)))
    {
        let message = format!("Invalid data. Expected a dictionary, but got {name}.");
        let errors = api.call(method, path, Some(body)).await.assert_status(400);
        assert_eq!(errors, json!({"non_field_errors": [message]}), "{method} {path} {body}");
    }
    for (method, path) in WITH_BODIES {
        let errors = api.call(method, path, Some(&Value::Null)).await.assert_status(400);
        assert_eq!(crate::support::keys(&errors), ["non_field_errors"], "{method} {path}");
    }
}

#[tokio::test]
async fn another_media_type_is_not_supported() {
    let api = Api::start().await;
    for (method, path) in WITH_BODIES {
        for media in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
            let reply = send_as(&api, method, path, media, br#"{"title":"x","customer_id":123,"points":1}"#).await;
            detail(&reply, 415, &format!("Unsupported media type \"{media}\" in request."));
        }
    }
    assert_eq!(api.get(LEVELS).await.ids(), [5, 8, 9]);
    assert_eq!(api.get(HISTORY).await.assert_status(200)["count"], 1);
}

#[tokio::test]
async fn json_may_name_its_character_set() {
    let api = Api::start().await;
    for media in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"] {
        send_as(&api, "POST", LEVELS, media, br#"{"title":"x"}"#).await.assert_status(201);
    }
}

#[tokio::test]
async fn a_body_above_five_megabytes_is_too_large() {
    let api = Api::start().await;
    for (method, path) in WITH_BODIES {
        let body = json!({"title": "x", "padding": "x".repeat(5 * 1024 * 1024 + 1)});
        let reply = api.call(method, path, Some(&body)).await;
        assert_eq!(reply.status, 413, "{method} {path}: {}", reply.text);
        assert_eq!(crate::support::keys(&reply.json()), ["detail"], "{method} {path}");
    }
    let body = json!({"title": "x", "padding": "x".repeat(5 * MEGABYTE - 1000)});
    assert_eq!(api.post(LEVELS, &body).await.assert_status(201)["id"], 27);
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_answered_with_those_that_it_takes() {
    let api = Api::start().await;
    for (path, taken) in PATHS {
        let mut allowed: Vec<_> = taken.to_vec();
        allowed.extend(if taken.contains(&"GET") { &["HEAD", "OPTIONS"][..] } else { &["OPTIONS"] });
        allowed.sort_unstable();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"].iter().filter(|method| !taken.contains(*method)) {
            let reply = api.call(method, path, None).await;
            detail(&reply, 405, &format!("Method \"{method}\" not allowed."));
            let mut named: Vec<_> = reply.header("allow").split(", ").collect();
            named.sort_unstable();
            assert_eq!(named, allowed, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn options_answers_with_the_methods_and_changes_nothing() {
    let api = Api::start().await;
    for (path, taken) in PATHS {
        let reply = api.call("OPTIONS", path, None).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        let named: Vec<_> = reply.header("allow").split(", ").collect();
        assert!(taken.iter().chain(&["OPTIONS"]).all(|method| named.contains(method)), "{path}: {named:?}");
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let api = Api::start().await;
    for path in [
        LEVELS.to_owned(),
        one(LEVELS, 5),
        one(LEVELS, 999),
        HISTORY.to_owned(),
        one(HISTORY, 11742),
        format!("{HISTORY}?customer=x"),
        CUSTOMERS.to_owned(),
        one(CUSTOMERS, 123),
        format!("{CUSTOMERS}?page=7"),
    ] {
        let (head, get) = (api.call("HEAD", &path, None).await, api.get(&path).await);
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        assert_eq!(head.header("content-type"), "application/json", "{path}");
    }
}

#[tokio::test]
async fn replies_are_compact_utf8_json_with_that_type_and_nothing_more() {
    let api = Api::start().await;
    for (path, shown) in [(LEVELS, "初级会员"), (HISTORY, "免费(测试)"), (CUSTOMERS, "13400000000")] {
        let reply = api.get(path).await;
        assert_eq!(reply.header("content-type"), "application/json", "{path}");
        assert_eq!(reply.json().to_string(), reply.text, "{path}");
        assert!(reply.text.contains(shown), "{path}: {}", reply.text);
    }
    let title = "<b>\u{2028}\"\\/é😀&'";
    let reply = api.post(LEVELS, &json!({ "title": title })).await;
    assert_eq!(reply.assert_status(201)["title"], title);
    assert_eq!((reply.header("content-type"), reply.json().to_string()), ("application/json", reply.text.clone()));
}

/// Returns one reply of every kind.
async fn of_every_kind(api: &Api) -> Vec<Reply> {
    vec![
        api.get(LEVELS).await,
        api.post(LEVELS, &json!({"title": "x"})).await,
        api.put(&one(CUSTOMERS, 8), &customer("1")).await,
        api.post(LEVELS, &json!({})).await,
        api.get(&format!("{LEVELS}?page=0")).await,
        api.send("GET", LEVELS, &[], None).await,
        api.call_as("nobody", "GET", LEVELS, None).await,
        api.get(&one(LEVELS, 999)).await,
        api.get("/api/nothing/").await,
        api.get("/api/loyalty/level/5/more/").await,
        api.get("/nothing/").await,
        api.call("PATCH", LEVELS, None).await,
        send_as(api, "POST", LEVELS, "text/plain", b"x").await,
        send_as(api, "POST", LEVELS, "application/json", &vec![b' '; 6 * MEGABYTE]).await,
        api.get("/api/openapi.json").await,
    ]
}

#[tokio::test]
async fn every_reply_has_a_request_id_of_its_own() {
    let api = Api::start().await;
    let mut replies = of_every_kind(&api).await;
    replies.push(api.delete(&one(LEVELS, 9)).await);
    replies.push(api.call("HEAD", LEVELS, None).await);
    replies.push(api.call("OPTIONS", LEVELS, None).await);
    let mut ids: Vec<_> = replies.iter().map(|reply| reply.header("x-request-id")).collect();
    assert!(ids.iter().all(|id| !id.is_empty()), "{ids:?}");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), replies.len());
}

#[tokio::test]
async fn every_reply_with_a_body_is_json() {
    let api = Api::start().await;
    for reply in of_every_kind(&api).await {
        assert_eq!(reply.header("content-type"), "application/json", "{} {}", reply.status, reply.text);
        assert!(reply.json().is_object(), "{}", reply.text);
    }
}

#[tokio::test]
async fn a_path_that_is_none_is_not_found() {
    let api = Api::start().await;
    for path in
        ["/nothing/", "/api/", "/api/nothing/", "/api/loyalty/", "/api/loyalty/level/5/more/", "/api/loyalty/levels/"]
    {
        detail(&api.get(path).await, 404, "Not found.");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_call() {
    let api = Api::start().await;
    for (path, method) in [(LEVELS, "POST"), ("/api/loyalty/level/5/", "DELETE"), ("/api/crm/customer/5/", "PUT")] {
        let asked = "authorization,content-type,idempotency-key";
        let headers = [
            ("Origin", "https://shop.example.com"),
            ("Access-Control-Request-Method", method),
            ("Access-Control-Request-Headers", asked),
        ];
        let reply = api.send("OPTIONS", path, &headers, None).await;
        assert!((200..300).contains(&reply.status), "{path}: {} {}", reply.status, reply.text);
        assert!(["*", "https://shop.example.com"].contains(&reply.header("access-control-allow-origin")), "{path}");
        assert!(reply.header("access-control-allow-methods").contains(method), "{path}");
        let allowed = reply.header("access-control-allow-headers").to_lowercase();
        assert!(asked.split(',').all(|name| allowed.contains(name)), "{path}: {allowed}");
    }
    let bearer = format!("Bearer {TOKEN}");
    let reply =
        api.send("GET", LEVELS, &[("Authorization", &bearer), ("Origin", "https://shop.example.com")], None).await;
    assert_eq!(reply.status, 200);
    assert!(["*", "https://shop.example.com"].contains(&reply.header("access-control-allow-origin")));
}

#[tokio::test]
async fn a_row_that_is_not_there_is_a_404_whatever_the_body_is() {
    let api = Api::start().await;
    let bearer = format!("Bearer {TOKEN}");
    for path in ["/api/loyalty/level/999/", "/api/discounts/price_rule/999/"] {
        for (media_type, body) in [("application/json", "{"), ("text/plain", "x"), ("application/json", "[]")] {
            let headers = [("Authorization", bearer.as_str()), ("Content-Type", media_type)];
            assert_eq!(api.send("PUT", path, &headers, Some(body.into())).await.status, 404, "{path} {body}");
        }
    }
}
