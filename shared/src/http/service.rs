//! The stack of layers around the routes of every function: request id, CORS, log line, time limit, panics, both slash
//! forms, and the replies to OPTIONS, to other methods and to unknown paths.

use std::{
    any::Any,
    time::{Duration, Instant},
};

use axum::{
    BoxError, Router,
    body::Body,
    error_handling::HandleErrorLayer,
    extract::{MatchedPath, Request},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::any_service,
};
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header, uri};
use serde_json::json;
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    propagate_header::PropagateHeaderLayer,
    set_header::{SetRequestHeaderLayer, SetResponseHeaderLayer},
};
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

/// The time that a request may take before it is answered with 503. The gateway gives up after 30 s.
const TIME_LIMIT: Duration = Duration::from_secs(25);

/// The methods in the order in which DRF lists them.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// The header of every reply that holds the id of the request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The value of `Access-Control-Allow-Origin`: tokens are sent in a header, so any page may call.
const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("*");
/// The headers of a reply that pages of other origins may read.
const EXPOSED: HeaderValue = HeaderValue::from_static("x-request-id, idempotent-replayed, retry-after, allow");
/// The headers of a request that pages of other origins may send.
const ACCEPTED: HeaderValue = HeaderValue::from_static("authorization, content-type, idempotency-key");

/// Wraps the routes of a function into the service that Lambda and the local gateway call. Routes are declared with a
/// trailing slash, as documented, and answer without one too. A reply carries the request's [`Meter`] as an extension.
pub fn service(app: &App, routes: OpenApiRouter<App>) -> Router {
    let (router, _) = routes.split_for_parts();
    layers(router.method_not_allowed_fallback(other_method).with_state(app.clone()), TIME_LIMIT)
}

/// Wraps routes that serve files to anyone, without a token. Routes of folders end with a slash.
pub fn pages(routes: Router) -> Router {
    let other_method = async |request: Request| match *request.method() {
        Method::OPTIONS => options(),
        ref method => ErrorReply(Error::MethodNotAllowed(method.to_string())).into_response(),
    };
    layers(routes.method_not_allowed_fallback(other_method), TIME_LIMIT)
}

/// Puts the layers around a router, the outermost first. A request that takes longer than `time_limit` is answered with
/// 503. The layers stand outside the router because they change the path before it is matched.
pub fn layers(router: Router, time_limit: Duration) -> Router {
    let router = router.fallback(async || ErrorReply(Error::NotFound)).layer(middleware::from_fn(note_route));
    let stack = ServiceBuilder::new()
        .layer(SetRequestHeaderLayer::overriding(REQUEST_ID, request_id))
        .layer(PropagateHeaderLayer::new(REQUEST_ID))
        .layer(SetResponseHeaderLayer::overriding(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY_ORIGIN))
        .layer(SetResponseHeaderLayer::overriding(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED))
        .map_response(allow_methods)
        .layer(middleware::from_fn(log_request))
        .layer(HandleErrorLayer::new(refused))
        .timeout(time_limit)
        .filter(admit)
        .layer(CatchPanicLayer::custom(panicked))
        .service(router);
    Router::new().fallback(any_service(stack))
}

/// Returns the gateway's id of the request, or a new one. An id that the client sends does not count.
fn request_id(request: &Request) -> Option<HeaderValue> {
    let given = gateway::context(request.extensions()).and_then(|context| context.request_id.as_deref());
    let given = given.and_then(|id| HeaderValue::from_str(id).ok());
    given.or_else(|| HeaderValue::try_from(format!("{:032x}", rand::random::<u128>())).ok())
}

/// Completes the `Allow` of axum, and repeats it for pages of other origins.
fn allow_methods(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let Some(allow) = headers.get(header::ALLOW).and_then(|allow| allow.to_str().ok()) else { return response };
    let allowed: Vec<_> = allow.split(',').map(str::trim).chain(["OPTIONS"]).collect();
    let listed: Vec<_> = METHODS.into_iter().filter(|method| allowed.contains(method)).collect();
    if let Ok(listed) = HeaderValue::try_from(listed.join(", ")) {
        headers.insert(header::ALLOW, listed.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, listed);
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ACCEPTED);
    response
}

/// Runs a request inside its span and meter, adds the request id to the body of a 5xx, and logs one line.
async fn log_request(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", request_id = id, shop = tracing::field::Empty);
    let meter = Meter::default();
    let mut response = meter.watch(next.run(request)).instrument(span.clone()).await;
    let fault = response.extensions_mut().remove::<Fault>();
    if let Some(fault) = &fault {
        let body = json!({ "detail": format!("{} Request id: {id}", fault.detail) }).to_string();
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(body);
    }
    span.in_scope(|| log(&method, &response, began.elapsed(), meter.usage(), fault.map(|fault| fault.cause)));
    response.extensions_mut().insert(meter);
    response
}

/// Writes the log line of a request. CloudWatch reads its metrics from it.
fn log(method: &Method, response: &Response, duration: Duration, usage: Usage, cause: Option<String>) {
    let route = response.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
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

/// Answers a request that [`admit`] refused, or that ran out of time.
async fn refused(error: BoxError) -> ErrorReply {
    match error.downcast::<Error>() {
        Ok(error) => ErrorReply(*error),
        Err(_) => ErrorReply(Error::Unavailable(format!("no answer in {} s", TIME_LIMIT.as_secs()))),
    }
}

/// Refuses a body that is declared as too large, and a path with an empty segment, which the router would take as the
/// value of a parameter. Appends the trailing slash.
fn admit(mut request: Request) -> Result<Request, Error> {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if length.and_then(|digits| digits.parse().ok()).is_some_and(|length: usize| length > MAX_BODY) {
        return Err(Error::TooLarge { limit: MAX_BODY });
    }
    if request.uri().path().contains("//") {
        return Err(Error::NotFound);
    }
    with_slash(request.uri_mut());
    Ok(request)
}

/// Appends the documented trailing slash, except to a file name such as `openapi.json`.
fn with_slash(uri: &mut Uri) {
    let path = uri.path();
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if path.ends_with('/') || is_file {
        return;
    }
    let slashed = match uri.query() {
        Some(query) => format!("{path}/?{query}"),
        None => format!("{path}/"),
    };
    if let Ok(slashed) = uri::Builder::from(uri.clone()).path_and_query(slashed).build() {
        *uri = slashed;
    }
}

/// Answers a panic of a handler. Its text is logged, and never shown.
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    ErrorReply(Error::Internal(format!("panic: {}", text.unwrap_or_default()))).into_response()
}

/// Returns the reply to OPTIONS; axum adds `Allow`.
fn options() -> Response {
    let media_type = "application/json";
    json_reply(StatusCode::OK, json!({ "renders": [media_type], "parses": [media_type] }).to_string())
}

/// Answers OPTIONS, and the methods that a path does not have; axum adds `Allow`.
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

/// Notes the documented path in the reply, for the log: only the router knows it.
async fn note_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}
