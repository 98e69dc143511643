//! The errors of a call.

use std::time::Duration;

use reqwest::{
    StatusCode,
    header::{self, HeaderMap},
};
use serde_json::Value;

use crate::FieldErrors;

/// The error of a call. No variant holds the token or an address, because a query may contain a mobile number.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// 400: the request is invalid. Sending it again does not help.
    #[error("invalid: {0}")]
    Invalid(FieldErrors),
    /// 401: the token does not exist or has expired.
    #[error("not authenticated: {detail}")]
    Unauthenticated {
        /// The message of the server.
        detail: String,
    },
    /// 403: the token does not have the scope.
    #[error("not allowed: {detail}{}", scope.as_ref().map_or_else(String::new, |scope| format!(" It needs {scope}.")))]
    Forbidden {
        /// The message of the server.
        detail: String,
        /// The scope that is missing, such as `loyalty:read`.
        scope: Option<String>,
    },
    /// 404: the row does not exist in this shop, or the page does not exist.
    #[error("not found: {detail}")]
    NotFound {
        /// The message of the server.
        detail: String,
    },
    /// 409: the state of the shop does not allow the change. For example, a code is used or a limit is reached.
    #[error("conflict: {detail}")]
    Conflict {
        /// The message of the server.
        detail: String,
        /// The time to wait before the same key is sent again, if the first attempt is still running.
        retry_after: Option<Duration>,
    },
    /// 413: the body is larger than the limit.
    #[error("too large: {detail}")]
    TooLarge {
        /// The message of the server.
        detail: String,
    },
    /// 422: this `Idempotency-Key` was used for another change.
    #[error("the idempotency key was used for another change: {detail}")]
    KeyReused {
        /// The message of the server.
        detail: String,
    },
    /// 429 on every attempt, or a wait longer than [`RetryPolicy::most_asked`](crate::RetryPolicy::most_asked).
    #[error("throttled: {detail}")]
    Throttled {
        /// The message of the server.
        detail: String,
        /// The time to wait, if the server gave one.
        retry_after: Option<Duration>,
    },
    /// 5xx; for 502, 503 and 504, on every attempt. A change may or may not have happened: send it again under the same
    /// key.
    #[error("unavailable ({status}): {detail}")]
    Unavailable {
        /// The status of the reply.
        status: u16,
        /// The message of the server.
        detail: String,
        /// The id of the request, to quote in a question to the operator.
        request_id: Option<String>,
    },
    /// A status that this API does not use. Another server answered.
    #[error("unexpected status {status}: {detail}")]
    Unexpected {
        /// The status of the reply.
        status: u16,
        /// The message of the server, or the start of the body.
        detail: String,
    },
    /// No reply on any attempt. A change may or may not have happened: send it again under the same key.
    #[error("no reply: {0}")]
    NoReply(#[source] reqwest::Error),
    /// The body of a reply does not match the API description.
    #[error("unreadable reply: {0}")]
    Unreadable(#[source] serde_json::Error),
    /// A list was not in the order of ids, so that a walk would not be complete.
    #[error("the list {path} is not in the order of ids: {id} came after {after}")]
    OutOfOrder {
        /// The path of the list.
        path: &'static str,
        /// The id after which rows were requested, or the id of the row before.
        after: u64,
        /// The id that was received.
        id: u64,
    },
    /// A page has none of the rows that it counts, because all were deleted while it was read. Ask again: no row was
    /// skipped.
    #[error("a page of {path} after id {after} came without its {count} rows; ask again")]
    Torn {
        /// The path of the list.
        path: &'static str,
        /// The id after which rows were requested.
        after: u64,
        /// The number of rows that the page counts.
        count: u64,
    },
    /// The address, the token or the body from the caller cannot be sent.
    #[error("cannot be sent: {0}")]
    Unsendable(String),
}

impl Error {
    /// Returns the errors by field of a 400.
    pub fn field_errors(&self) -> Option<&FieldErrors> {
        match self {
            Self::Invalid(errors) => Some(errors),
            _ => None,
        }
    }

    /// Returns true if the same change under the same key may still succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Throttled { .. } | Self::Unavailable { .. } | Self::NoReply(_) | Self::Torn { .. } => true,
            Self::Conflict { retry_after, .. } => retry_after.is_some(),
            _ => false,
        }
    }

    /// Returns the error for a reply.
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let json = serde_json::from_slice::<Value>(body).ok();
        let detail = || match json.as_ref().and_then(|body| body.get("detail")).and_then(Value::as_str) {
            Some(detail) => detail.to_owned(),
            None => String::from_utf8_lossy(body).chars().take(255).collect(),
        };
        match status.as_u16() {
            400 => match json {
                Some(body) => Self::Invalid(FieldErrors::of(body)),
                None => Self::Unexpected { status: 400, detail: detail() },
            },
            401 => Self::Unauthenticated { detail: detail() },
            403 => Self::Forbidden { detail: detail(), scope: scope(headers) },
            404 => Self::NotFound { detail: detail() },
            409 => Self::Conflict { detail: detail(), retry_after: retry_after(headers) },
            413 => Self::TooLarge { detail: detail() },
            422 => Self::KeyReused { detail: detail() },
            429 => Self::Throttled { detail: detail(), retry_after: retry_after(headers) },
            status @ 500..=599 => Self::Unavailable { status, detail: detail(), request_id: request_id(headers) },
            status => Self::Unexpected { status, detail: detail() },
        }
    }
}

/// Returns the scope that a 403 names (RFC 6750).
fn scope(headers: &HeaderMap) -> Option<String> {
    let challenge = headers.get(header::WWW_AUTHENTICATE)?.to_str().ok()?;
    let (scope, _) = challenge.split_once("scope=\"")?.1.split_once('"')?;
    Some(scope.to_owned())
}

/// Returns the seconds of `Retry-After`. `None` without the header, or if it has a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Returns the id of a request in the server's log. If the gateway itself answered, it is the id in the gateway's log.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id").or_else(|| headers.get("apigw-requestid"))?;
    id.to_str().ok().map(str::to_owned)
}
