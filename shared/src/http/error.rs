//! The replies to errors (docs/api/errors.md). Architecture invariant: no other file maps an error to a status.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::{domain::scope::Scope, error::Error};

/// An extension of a 5xx reply. [`service`](super::service) adds the request id to its body and logs the cause.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// The sentence that the client sees.
    pub(super) detail: &'static str,
    /// The cause, for the operator. It is logged and never part of the reply.
    pub(super) cause: String,
}

/// Returns a reply of this JSON text.
pub(super) fn json_reply(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Returns a reply of the form `{"detail": "..."}`.
pub(super) fn detail(status: StatusCode, text: &str) -> Response {
    json_reply(status, json!({ "detail": text }).to_string())
}

fn unauthenticated(text: &str) -> Response {
    let mut response = detail(StatusCode::UNAUTHORIZED, text);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"api\""));
    response
}

/// Returns a 403. The body is that of Django REST framework, which names no scope; the header follows RFC 6750.
fn forbidden(scope: Scope) -> Response {
    let mut response = detail(StatusCode::FORBIDDEN, "You do not have permission to perform this action.");
    let challenge = format!("Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"{scope}\"");
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn fault(status: StatusCode, text: &'static str, cause: String) -> Response {
    let mut response = detail(status, text);
    response.extensions_mut().insert(Fault { detail: text, cause });
    response
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Self::Invalid(errors) => match serde_json::to_string(&errors) {
                Ok(text) => json_reply(StatusCode::BAD_REQUEST, text),
                Err(error) => Self::Internal(error.to_string()).into_response(),
            },
            Self::Parse(reason) => detail(StatusCode::BAD_REQUEST, &format!("JSON parse error - {reason}")),
            Self::Unauthenticated => unauthenticated("Authentication credentials were not provided."),
            Self::InvalidToken => unauthenticated("Invalid token."),
            Self::Forbidden(scope) => forbidden(scope),
            Self::NotFound => detail(StatusCode::NOT_FOUND, "Not found."),
            Self::InvalidPage => detail(StatusCode::NOT_FOUND, "Invalid page."),
            Self::MethodNotAllowed(method) => {
                detail(StatusCode::METHOD_NOT_ALLOWED, &format!("Method \"{method}\" not allowed."))
            }
            Self::Conflict(reason) => detail(StatusCode::CONFLICT, &reason),
            Self::AtWork { retry_after } => {
                let text = "The first request with this Idempotency-Key is still at work.";
                let mut response = detail(StatusCode::CONFLICT, text);
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
                response
            }
            Self::Throttled { retry_after } => {
                let text = format!("Request was throttled. Expected available in {retry_after} seconds.");
                let mut response = detail(StatusCode::TOO_MANY_REQUESTS, &text);
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
                response
            }
            Self::TooLarge { limit } => {
                detail(StatusCode::PAYLOAD_TOO_LARGE, &format!("The body is larger than {limit} bytes."))
            }
            Self::UnsupportedMediaType(media_type) => {
                let text = format!("Unsupported media type \"{media_type}\" in request.");
                detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, &text)
            }
            Self::KeyReused => {
                detail(StatusCode::UNPROCESSABLE_ENTITY, "This Idempotency-Key was used for another request.")
            }
            Self::Unavailable(cause) => {
                let mut response =
                    fault(StatusCode::SERVICE_UNAVAILABLE, "The service is busy. Please try again.", cause);
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                response
            }
            Self::Internal(cause) => fault(StatusCode::INTERNAL_SERVER_ERROR, "A server error occurred.", cause),
        }
    }
}
