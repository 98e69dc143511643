//! The replies to errors (docs/api/errors.md). Architecture invariant: no other file maps an error to a status.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use domain::{error::Error, scope::Scope};

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

/// An error on its way to the client. Handlers and extractors return it; any [`Error`] becomes one by `?`.
#[derive(Debug)]
pub struct ErrorReply(pub Error);

impl From<Error> for ErrorReply {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for ErrorReply {
    fn into_response(self) -> Response {
        match self.0 {
            Error::Invalid(errors) => match serde_json::to_string(&errors) {
                Ok(text) => json_reply(StatusCode::BAD_REQUEST, text),
                Err(error) => Self(Error::Internal(error.to_string())).into_response(),
            },
            Error::Parse(reason) => detail(StatusCode::BAD_REQUEST, &format!("JSON parse error - {reason}")),
            Error::Unauthenticated => unauthenticated("Authentication credentials were not provided."),
            Error::InvalidToken => unauthenticated("Invalid token."),
            Error::Forbidden(scope) => forbidden(scope),
            Error::NotFound => detail(StatusCode::NOT_FOUND, "Not found."),
            Error::InvalidPage => detail(StatusCode::NOT_FOUND, "Invalid page."),
            Error::MethodNotAllowed(method) => {
                detail(StatusCode::METHOD_NOT_ALLOWED, &format!("Method \"{method}\" not allowed."))
            }
            Error::Conflict(reason) => detail(StatusCode::CONFLICT, &reason),
            Error::AtWork { retry_after } => {
                let text = "The first request with this Idempotency-Key is still at work.";
                let mut response = detail(StatusCode::CONFLICT, text);
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
                response
            }
            Error::Throttled { retry_after } => {
                let text = format!("Request was throttled. Expected available in {retry_after} seconds.");
                let mut response = detail(StatusCode::TOO_MANY_REQUESTS, &text);
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
                response
            }
            Error::TooLarge { limit } => {
                detail(StatusCode::PAYLOAD_TOO_LARGE, &format!("The body is larger than {limit} bytes."))
            }
            Error::UnsupportedMediaType(media_type) => {
                let text = format!("Unsupported media type \"{media_type}\" in request.");
                detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, &text)
            }
            Error::KeyReused => {
                detail(StatusCode::UNPROCESSABLE_ENTITY, "This Idempotency-Key was used for another request.")
            }
            Error::Unavailable(cause) => {
                let mut response =
                    fault(StatusCode::SERVICE_UNAVAILABLE, "The service is busy. Please try again.", cause);
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                response
            }
            Error::Internal(cause) => fault(StatusCode::INTERNAL_SERVER_ERROR, "A server error occurred.", cause),
        }
    }
}
