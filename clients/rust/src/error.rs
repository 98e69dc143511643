//! What a call can end with instead of its answer.

use std::time::Duration;

use reqwest::{
    StatusCode,
    header::{self, HeaderMap},
};
use serde_json::Value;

use crate::FieldErrors;

/// What a call can end with instead of its answer. No variant holds the token, and none an address: a query can name a mobile
/// number.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// 400: the request cannot be right. Sending it again is of no use.
    #[error("invalid: {0}")]
    Invalid(FieldErrors),
    /// 401: there is no such token, or it has ended.
    #[error("not authenticated: {detail}")]
    Unauthenticated {
        /// The server's words.
        detail: String,
    },
    /// 403: the token lacks the scope.
    #[error("not allowed: {detail}{}", scope.as_ref().map_or_else(String::new, |scope| format!(" It needs {scope}.")))]
    Forbidden {
        /// The server's words.
        detail: String,
        /// The scope that is missing, such as `loyalty:read`.
        scope: Option<String>,
    },
    /// 404: no such row in this shop, or no such page.
    #[error("not found: {detail}")]
    NotFound {
        /// The server's words.
        detail: String,
    },
    /// 409: the state of the shop forbids it: a code is used, a limit reached.
    #[error("conflict: {detail}")]
    Conflict {
        /// The server's words.
        detail: String,
        /// Where the first sending of this change is still at work: when to ask again under the same key.
        retry_after: Option<Duration>,
    },
    /// 413: the body is over the limit.
    #[error("too large: {detail}")]
    TooLarge {
        /// The server's words.
        detail: String,
    },
    /// 422: this `Idempotency-Key` was used for another change.
    #[error("the key is another change's: {detail}")]
    KeyReused {
        /// The server's words.
        detail: String,
    },
    /// 429, on every attempt, or for longer than [`RetryPolicy::most_asked`](crate::RetryPolicy::most_asked).
    #[error("throttled: {detail}")]
    Throttled {
        /// The server's words.
        detail: String,
        /// How long to wait.
        retry_after: Option<Duration>,
    },
    /// 5xx: 502, 503 and 504 on every attempt. A change may have happened or not: send it again under the same key.
    #[error("unavailable ({status}): {detail}")]
    Unavailable {
        /// The status.
        status: u16,
        /// The server's words.
        detail: String,
        /// What to quote when asking the operator.
        request_id: Option<String>,
    },
    /// A status that this API does not have: something else answered.
    #[error("unexpected status {status}: {detail}")]
    Unexpected {
        /// The status.
        status: u16,
        /// The server's words, or the start of the body.
        detail: String,
    },
    /// No reply, on every attempt. A change may have happened or not: send it again under the same key.
    #[error("no reply: {0}")]
    NoReply(#[source] reqwest::Error),
    /// The body of a reply is not what the description promises.
    #[error("unreadable reply: {0}")]
    Unreadable(#[source] serde_json::Error),
    /// A list did not keep its order: a walk over it would not be complete.
    #[error("the list of {path} went from id {after} to {id}")]
    OutOfOrder {
        /// The path of the list.
        path: &'static str,
        /// The id after which rows were asked for, or that of the row before.
        after: u64,
        /// The id that came.
        id: u64,
    },
    /// A page came back without the rows that it counts: they all went while it was read. Ask again; nothing was passed.
    #[error("a page of {path} after id {after} has none of its {count} rows")]
    Torn {
        /// The path of the list.
        path: &'static str,
        /// The id after which rows were asked for.
        after: u64,
        /// How many it counts.
        count: u64,
    },
    /// The address, the token or the body that the caller gave cannot be sent.
    #[error("cannot be sent: {0}")]
    Unsendable(String),
}

impl Error {
    /// What is wrong by field, where this is a 400.
    pub fn field_errors(&self) -> Option<&FieldErrors> {
        match self {
            Self::Invalid(errors) => Some(errors),
            _ => None,
        }
    }

    /// Whether the same change under the same key may still succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Throttled { .. } | Self::Unavailable { .. } | Self::NoReply(_) | Self::Torn { .. } => true,
            Self::Conflict { retry_after, .. } => retry_after.is_some(),
            _ => false,
        }
    }

    /// The error that a reply stands for.
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

/// The scope that a 403 names (RFC 6750).
fn scope(headers: &HeaderMap) -> Option<String> {
    let challenge = headers.get(header::WWW_AUTHENTICATE)?.to_str().ok()?;
    let (scope, _) = challenge.split_once("scope=\"")?.1.split_once('"')?;
    Some(scope.to_owned())
}

/// How long the server asks to wait, where it says so in seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// What names a request in the server's log; where the gateway itself answered, in its own.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id").or_else(|| headers.get("apigw-requestid"))?;
    id.to_str().ok().map(str::to_owned)
}
