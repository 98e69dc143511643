//! What wraps the routes of every function: both slash forms, request ids, the 404s and 405s, HEAD and OPTIONS, CORS, a
//! limit of time, panics, and one line of log for each request.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use serde_json::json;
use tower::ServiceExt;
use tracing::Instrument;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    app::App,
    http::{
        access,
        change::MAX_BODY,
        error::{ErrorReply, Fault, json_reply},
        gateway,
    },
    telemetry,
};
use domain::error::Error;
use store::meter::{Meter, Usage};

/// How long a request may take before it is a 503; the gateway gives up at 30 s.
const PATIENCE: Duration = Duration::from_secs(25);

/// The methods in the order in which DRF lists them.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// The header that names a request, in every reply.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A function as Lambda and the local gateway call it. The routes stand with a trailing slash, as documented, and answer
/// without one too. A reply carries the request's [`Meter`] as an extension.
pub fn service(app: &App, routes: OpenApiRouter<App>) -> Router {
    let (router, _) = routes.split_for_parts();
    let router = router
        .method_not_allowed_fallback(other_method)
        .fallback(async || ErrorReply(Error::NotFound))
        .layer(middleware::from_fn(note_route))
        .with_state(app.clone());
    Router::new().fallback(move |request: Request| attend(router.clone(), request))
}

/// A function that serves files to anyone: what stands around its routes is the same, but that nobody is asked for a
/// token. The routes of folders end with a slash.
pub fn pages(routes: Router) -> Router {
    let router = routes
        .method_not_allowed_fallback(async |request: Request| match *request.method() {
            Method::OPTIONS => options(),
            ref method => ErrorReply(Error::MethodNotAllowed(method.to_string())).into_response(),
        })
        .fallback(async || ErrorReply(Error::NotFound))
        .layer(middleware::from_fn(note_route));
    Router::new().fallback(move |request: Request| attend(router.clone(), request))
}

/// What OPTIONS answers; axum adds `Allow`.
fn options() -> Response {
    let media_type = "application/json";
    json_reply(StatusCode::OK, json!({ "renders": [media_type], "parses": [media_type] }).to_string())
}

/// OPTIONS, and the methods that a path does not have. axum adds `Allow`.
async fn other_method(axum::extract::State(app): axum::extract::State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if parts.method == Method::OPTIONS {
        return options();
    }
    match access::authenticate(&parts, &app).await {
        Ok(_) => ErrorReply(Error::MethodNotAllowed(parts.method.to_string())).into_response(),
        Err(error) => ErrorReply(error).into_response(),
    }
}

/// The documented path of a request, for the log.
#[derive(Debug, Clone)]
struct Route(String);

async fn note_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| Route(path.as_str().to_owned()));
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

/// One request from its arrival to its log line.
async fn attend(router: Router, mut request: Request) -> Response {
    let began = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    with_slash(request.uri_mut());
    let span = tracing::info_span!("request", request_id = id, shop = tracing::field::Empty);
    let meter = Meter::default();
    let work = meter.watch(answer(router, request)).instrument(span.clone());
    let mut response = work.await;
    let fault = response.extensions_mut().remove::<Fault>();
    if let Some(fault) = &fault {
        response = with_request_id(response, fault.detail, &id);
    }
    finish_headers(response.headers_mut(), &id);
    span.in_scope(|| log(&method, &response, began.elapsed(), meter.usage(), fault.map(|fault| fault.cause)));
    response.extensions_mut().insert(meter);
    response
}

/// The line of a request, which is its metrics too.
fn log(method: &Method, response: &Response, duration: Duration, usage: Usage, cause: Option<String>) {
    let route = response.extensions().get::<Route>().map_or("", |route| route.0.as_str());
    let status = response.status();
    tracing::info!(
        target: telemetry::REQUEST,
        %method,
        route,
        status = status.as_u16(),
        duration_ms = duration.as_secs_f64() * 1000.0,
        round_trips = usage.sequential,
        calls = usage.calls,
        read_units = usage.read_units,
        write_units = usage.write_units,
        conflicts = usage.conflicts,
        refused = u8::from(status.is_client_error()),
        faults = u8::from(status.is_server_error()),
        fault = cause,
        "answered"
    );
}

/// The reply of the routes, or what stands for it when they panic, take too long, or the body is too large.
async fn answer(router: Router, request: Request) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if length.and_then(|digits| digits.parse().ok()).is_some_and(|length: usize| length > MAX_BODY) {
        return ErrorReply(Error::TooLarge { limit: MAX_BODY }).into_response();
    }
    // For the router a parameter may be nothing at all. No row has an empty name.
    if request.uri().path().contains("//") {
        return ErrorReply(Error::NotFound).into_response();
    }
    let work = AssertUnwindSafe(router.oneshot(request)).catch_unwind();
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Ok(Err(never))) => match never {},
        Ok(Err(panic)) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            ErrorReply(Error::Internal(format!("panic: {text}"))).into_response()
        }
        Err(_) => ErrorReply(Error::Unavailable(format!("no answer in {} s", PATIENCE.as_secs()))).into_response(),
    }
}

/// The gateway's id of the request, else a new one.
fn request_id(request: &Request) -> String {
    let given = gateway::context(request.extensions()).and_then(|context| context.request_id.clone());
    given.filter(|id| HeaderValue::from_str(id).is_ok()).unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()))
}

/// Appends the documented trailing slash, but to a file's name such as `openapi.json`.
fn with_slash(uri: &mut Uri) {
    let path = uri.path();
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if path.ends_with('/') || is_file {
        return;
    }
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}/?{query}"),
        None => format!("{path}/"),
    };
    let mut parts = uri.clone().into_parts();
    if let Ok(path_and_query) = path_and_query.parse() {
        parts.path_and_query = Some(path_and_query);
        if let Ok(slashed) = Uri::from_parts(parts) {
            *uri = slashed;
        }
    }
}

/// A 5xx with the request id to quote.
fn with_request_id(response: Response, detail: &str, id: &str) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let body = json!({ "detail": format!("{detail} Request id: {id}") }).to_string();
    Response::from_parts(parts, Body::from(body))
}

fn finish_headers(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(allow) = headers.get(header::ALLOW).and_then(|allow| allow.to_str().ok()) {
        let allowed: Vec<_> = allow.split(',').map(str::trim).chain(["OPTIONS"]).collect();
        let listed: Vec<_> = METHODS.into_iter().filter(|method| allowed.contains(method)).collect();
        if let Ok(listed) = HeaderValue::from_str(&listed.join(", ")) {
            headers.insert(header::ALLOW, listed.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, listed);
        }
        let request_headers = HeaderValue::from_static("authorization, content-type, idempotency-key");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, request_headers);
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let exposed = HeaderValue::from_static("x-request-id, idempotent-replayed, retry-after, allow");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}
