//! The layers around the routes of every function, seen from outside: ids, panics, time limits, slashes and origins.

use std::time::Duration;

use crate::support::log_lines::Lines;
use axum::{Router, body::Body, extract::Request, http::Response, routing::get};
use http_body_util::BodyExt;
use lambda_http::{
    aws_lambda_events::apigw::ApiGatewayV2httpRequestContext,
    http::{HeaderMap, Method},
    request::RequestContext,
};
use serde_json::{Value, json};
use shared::{Error, ErrorReply, http::service};
use store::meter::Meter;
use tower::ServiceExt;

fn routes() -> Router {
    let slow = async || tokio::time::sleep(Duration::from_secs(60)).await;
    let panics = async || -> &'static str { panic!("a bug with the number {}", 7) };
    let echo = async |request: Request| request.uri().to_string();
    Router::new()
        .route("/slow/", get(slow))
        .route("/panics/", get(panics))
        .route("/constant/", get(async || -> &'static str { panic!("a constant bug") }))
        .route("/fails/", get(async || ErrorReply(Error::Internal("a fault".to_owned()))))
        .route("/echo/", get(echo).post(echo))
        .route("/file.json", get(echo))
        .route("/of/{id}/more/", get(echo))
}

/// A request that came through the gateway with the id `gw-1`.
fn request(method: &str, path: &str) -> Request {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method.parse().expect("a method");
    *request.uri_mut() = path.parse().expect("an address");
    let mut context = ApiGatewayV2httpRequestContext::default();
    context.request_id = Some("gw-1".to_owned());
    request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
    request
}

struct Answered {
    status: u16,
    headers: HeaderMap,
    text: String,
    is_metered: bool,
}

impl Answered {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a text"))
    }
}

async fn answer(request: Request) -> Answered {
    answer_of(service::pages(routes()), request).await
}

async fn answer_of(service: Router, request: Request) -> Answered {
    let response: Response<Body> = service.oneshot(request).await.expect("a reply");
    let is_metered = response.extensions().get::<Meter>().is_some();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes();
    let text = String::from_utf8(bytes.to_vec()).expect("a text");
    Answered { status: parts.status.as_u16(), headers: parts.headers, text, is_metered }
}

#[tokio::test]
async fn a_panic_or_a_fault_is_a_500_with_the_request_id_and_its_cause_is_logged() {
    for (path, cause) in
        [("/panics/", "panic: a bug with the number 7"), ("/constant", "panic: a constant bug"), ("/fails/", "a fault")]
    {
        let (lines, guard) = Lines::kept();
        let reply = answer(request("GET", path)).await;
        drop(guard);
        assert_eq!(reply.status, 500);
        let body: Value = serde_json::from_str(&reply.text).expect("JSON");
        assert_eq!(body, json!({"detail": "A server error occurred. Request id: gw-1"}));
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("x-request-id"), "gw-1");
        assert_eq!(reply.header("content-length"), reply.text.len().to_string());
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert!(reply.is_metered);
        let line = lines.text();
        for said in [cause, "gw-1", "status=500", "faults=1", "method=GET", "answered"] {
            assert!(line.contains(said), "{said}: {line}");
        }
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_a_503_that_says_when_to_try_again() {
    let service = service::layers(routes(), Duration::from_millis(30));
    let reply = answer_of(service, request("GET", "/slow/")).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, "1"));
    let body: Value = serde_json::from_str(&reply.text).expect("JSON");
    assert_eq!(body, json!({"detail": "The service is busy. Please try again. Request id: gw-1"}));
    assert_eq!((reply.header("content-type"), reply.header("x-request-id")), ("application/json", "gw-1"));
    assert_eq!(reply.header("content-length"), reply.text.len().to_string());
}

#[tokio::test]
async fn the_request_id_is_the_gateways_and_never_the_clients() {
    let mut sent = request("GET", "/echo/");
    sent.headers_mut().insert("x-request-id", "of-the-client".parse().expect("a header"));
    assert_eq!(answer(sent).await.header("x-request-id"), "gw-1");
    let mut sent = request("GET", "/echo/");
    sent.extensions_mut().clear();
    sent.headers_mut().insert("x-request-id", "of-the-client".parse().expect("a header"));
    let reply = answer(sent).await;
    let id = reply.header("x-request-id");
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
}

#[tokio::test]
async fn paths_have_a_slash_at_their_end_or_none() {
    for (path, seen) in [
        ("/echo", "/echo/"),
        ("/echo/", "/echo/"),
        ("/echo?a=1&a=2", "/echo/?a=1&a=2"),
        ("/echo/?a=%2F", "/echo/?a=%2F"),
        ("/of/5/more", "/of/5/more/"),
        ("/of/a.b/more?", "/of/a.b/more/?"),
        ("/file.json", "/file.json"),
        ("/file.json?x", "/file.json?x"),
    ] {
        let reply = answer(request("GET", path)).await;
        assert_eq!((reply.status, reply.text.as_str()), (200, seen), "{path}");
    }
    for path in ["/echo//", "//echo/", "/of//more/", "/file.json/", "/", "/nothing"] {
        let reply = answer(request("GET", path)).await;
        assert_eq!((reply.status, reply.text.as_str()), (404, r#"{"detail":"Not found."}"#), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_says_that_it_is_too_large_is_refused_before_it_is_read() {
    for (length, status) in [("5242880", 200), ("5242881", 413), ("99999999999999999999", 200), ("x", 200)] {
        let mut sent = request("POST", "/echo/");
        sent.headers_mut().insert("content-length", length.parse().expect("a header"));
        let reply = answer(sent).await;
        assert_eq!(reply.status, status, "{length}: {}", reply.text);
        if status == 413 {
            assert_eq!(reply.text, r#"{"detail":"The body is larger than 5242880 bytes."}"#);
        }
    }
}

#[tokio::test]
async fn a_page_of_another_origin_reads_every_reply_and_asks_for_methods() {
    let exposed = "x-request-id, idempotent-replayed, retry-after, allow";
    let asked = |method: &str, path: &str| {
        let mut sent = request(method, path);
        sent.headers_mut().insert("origin", "https://shop.example.com".parse().expect("a header"));
        sent.headers_mut().insert("access-control-request-method", Method::POST.as_str().parse().expect("a header"));
        sent
    };
    for (method, path, status, allow) in [
        ("GET", "/echo/", 200, ""),
        ("GET", "/nothing/", 404, ""),
        ("GET", "/panics/", 500, ""),
        ("OPTIONS", "/echo", 200, "GET, POST, HEAD, OPTIONS"),
        ("OPTIONS", "/file.json", 200, "GET, HEAD, OPTIONS"),
        ("PATCH", "/echo/", 405, "GET, POST, HEAD, OPTIONS"),
    ] {
        let reply = answer(asked(method, path)).await;
        assert_eq!(reply.status, status, "{method} {path}");
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{method} {path}");
        assert_eq!(reply.header("access-control-expose-headers"), exposed, "{method} {path}");
        assert_eq!(reply.header("vary"), "", "{method} {path}");
        assert_eq!(reply.header("allow"), allow, "{method} {path}");
        assert_eq!(reply.header("access-control-allow-methods"), allow, "{method} {path}");
        let request_headers = if allow.is_empty() { "" } else { "authorization, content-type, idempotency-key" };
        assert_eq!(reply.header("access-control-allow-headers"), request_headers, "{method} {path}");
        if method == "OPTIONS" {
            assert_eq!(reply.text, r#"{"renders":["application/json"],"parses":["application/json"]}"#);
        }
    }
}
