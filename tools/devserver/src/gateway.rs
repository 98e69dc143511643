//! The part of API Gateway on this machine. It turns an HTTP request into the event that an HTTP API (payload 2.0)
//! sends to the function of the route, passes the event through the types of lambda_http as Lambda does, and turns the
//! reply into HTTP.

use std::{
    collections::HashMap, convert::Infallible, net::SocketAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    response::Response,
};
use base64::prelude::{BASE64_STANDARD, Engine};
use chrono::Utc;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts, uri::Authority};
use http_body_util::BodyExt;
use lambda_http::{Adapter, Context, lambda_runtime::LambdaEvent, request::LambdaRequest};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::Service;
use url::Url;

use crate::routes::{self, Match, Route};

/// The largest body that the gateway accepts, in bytes (an AWS limit).
const MAX_BODY: usize = 10 * 1024 * 1024;
/// The most bytes of a larger body that are read before it is refused.
const MAX_READ: usize = 64 * 1024 * 1024;
/// The longest time that a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest reply of a function, in bytes (an AWS limit).
const MAX_REPLY: usize = 6 * 1024 * 1024;

/// The gateway: the functions behind the routes of template.yaml.
#[derive(Clone)]
pub struct Gateway {
    routes: Arc<Vec<Route>>,
    functions: Arc<HashMap<String, Router>>,
}

/// The part of a function's reply that the gateway reads.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionReply {
    status_code: u16,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl FunctionReply {
    /// Returns the body as the client gets it, decoded from Base64 if necessary.
    fn body(&mut self) -> Result<Body, String> {
        let text = self.body.take().unwrap_or_default();
        if !self.is_base64_encoded {
            return Ok(Body::from(text));
        }
        BASE64_STANDARD.decode(text).map(Body::from).map_err(|error| error.to_string())
    }
}

impl Gateway {
    /// Returns a gateway in front of these functions. The map's keys are the names of their binaries.
    pub fn new(routes: Vec<Route>, functions: HashMap<String, Router>) -> Self {
        Self { routes: Arc::new(routes), functions: Arc::new(functions) }
    }

    /// Returns the gateway as an HTTP service.
    pub fn router(self) -> Router {
        Router::new().fallback(move |request: Request| {
            let gateway = self.clone();
            async move { gateway.answer(request).await }
        })
    }

    async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let Some(found) = routes::find(&self.routes, parts.uri.path()) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let Some(function) = self.functions.get(&found.route.function) else {
            return message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
        };
        let host = parts.headers.get(header::HOST).map_or("localhost", |host| host.to_str().unwrap_or_default());
        // lambda_http builds the request's URL from the host, and panics if the host is invalid. API Gateway lets
        // through only its own hosts.
        if Url::parse(&format!("http://{host}/")).is_err() || host.parse::<Authority>().is_err() {
            return message(StatusCode::BAD_REQUEST, "Bad Request");
        }
        let body = match tokio::time::timeout(PATIENCE, read(body)).await {
            Ok(Ok(body)) => body,
            Ok(Err(Unread::Broken)) => return message(StatusCode::BAD_REQUEST, "Bad Request"),
            Ok(Err(Unread::TooLarge)) => {
                return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
            }
            Err(_) => return message(StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
        };
        let event = event(&parts, host, &body, &found);
        // A function that panics outside its own panic handler is a crashed Lambda: the gateway answers 500 and goes
        // on.
        let invoked = AssertUnwindSafe(invoke(function.clone(), event)).catch_unwind().await;
        invoked.unwrap_or_else(|_| Err("panic".to_owned())).unwrap_or_else(|error| {
            tracing::error!(error, "the function did not answer");
            message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        })
    }
}

/// The reason that a body was not read.
enum Unread {
    /// The body ended early, or its chunks are malformed.
    Broken,
    /// It is larger than [`MAX_BODY`].
    TooLarge,
}

/// Reads the whole body. Of a body that is too large, the rest is read and discarded up to [`MAX_READ`]: a client that
/// is cut off while it sends does not see the reply.
async fn read(mut body: Body) -> Result<Vec<u8>, Unread> {
    let (mut whole, mut length) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > MAX_READ {
            break;
        }
        if length > MAX_BODY {
            whole = Vec::new();
        } else {
            whole.extend_from_slice(&data);
        }
    }
    if length > MAX_BODY { Err(Unread::TooLarge) } else { Ok(whole) }
}

/// Returns a reply of the gateway itself. Its shape differs from the replies of the functions.
fn message(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(json!({ "message": text }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Builds the event of a request, as the AWS documentation of payload 2.0 describes it.
fn event(parts: &Parts, host: &str, body: &[u8], found: &Match<'_>) -> Value {
    let mut headers: serde_json::Map<String, Value> = serde_json::Map::new();
    for name in parts.headers.keys() {
        let values: Vec<_> = parts.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        headers.insert(name.to_string(), values.join(",").into());
    }
    // API Gateway writes this header itself. Here a proxy in front may have written it.
    let forwarded = headers.get("x-forwarded-proto").and_then(|proto| proto.as_str()?.split(',').next());
    let scheme = if forwarded.is_some_and(|proto| proto.trim() == "https") { "https" } else { "http" };
    headers.insert("x-forwarded-proto".to_owned(), scheme.into());
    let source = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_string());
    let now = Utc::now();
    let route_key = found.route.path.as_ref().map_or_else(|| "$default".to_owned(), |path| format!("ANY {path}"));
    let (body, is_base64_encoded) = match std::str::from_utf8(body) {
        Ok("") => (Value::Null, false),
        Ok(text) => (text.into(), false),
        Err(_) => (BASE64_STANDARD.encode(body).into(), true),
    };
    json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": parts.uri.path(),
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": "local",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": host.split('.').next(),
            "http": {
                "method": parts.method.as_str(),
                "path": parts.uri.path(),
                "protocol": format!("{:?}", parts.version),
                "sourceIp": source,
                "userAgent": headers.get("user-agent"),
            },
            "requestId": format!("{:032x}", rand::random::<u128>()),
            "routeKey": route_key,
            "stage": "$default",
            "time": now.format("%d/%b/%Y:%H:%M:%S %z").to_string(),
            "timeEpoch": now.timestamp_millis(),
        },
        "pathParameters": found.parameters,
        "body": body,
        "isBase64Encoded": is_base64_encoded,
    })
}

/// Calls a function as Lambda does, with JSON in and JSON out.
///
/// # Errors
/// An error text if the event is not an event of an HTTP API, or if the reply cannot be read.
pub async fn invoke(function: Router, event: Value) -> Result<Response, String> {
    let request: LambdaRequest = serde_json::from_value(event).map_err(|error| error.to_string())?;
    // A router is always ready. The adapter itself cannot be held across an await.
    let replying = Adapter::from(function).call(LambdaEvent::new(request, Context::default()));
    let Ok(reply): Result<_, Infallible> = replying.await;
    let reply = serde_json::to_value(reply).map_err(|error| error.to_string())?;
    if reply.to_string().len() > MAX_REPLY {
        return Err("the reply is larger than 6 MB".to_owned());
    }
    let mut reply: FunctionReply = serde_json::from_value(reply).map_err(|error| error.to_string())?;
    let mut response = Response::new(reply.body()?);
    *response.status_mut() = StatusCode::from_u16(reply.status_code).map_err(|error| error.to_string())?;
    let mut headers = HeaderMap::new();
    for (name, value) in reply.headers {
        let name: HeaderName = name.parse().map_err(|_| format!("invalid header name {name}"))?;
        headers.insert(name, HeaderValue::from_str(&value).map_err(|error| error.to_string())?);
    }
    // The server measures the body itself, but a reply to HEAD has only this header.
    *response.headers_mut() = headers;
    Ok(response)
}
