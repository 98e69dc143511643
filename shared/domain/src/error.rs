//! The one error type of the service. It names the cause; only `http/error.rs` of the crate `shared` chooses the status
//! and the body (docs/api/errors.md).

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::scope::Scope;

/// Every way in which a request can fail. The HTTP status of each is noted here for orientation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Invalid input: 400, with the messages by field.
    #[error("invalid input")]
    Invalid(FieldErrors),
    /// Body that is not JSON: 400.
    #[error("JSON parse error - {0}")]
    Parse(String),
    /// Request without a bearer token: 401.
    #[error("authentication credentials were not provided")]
    Unauthenticated,
    /// Bearer token that is unknown, expired or revoked: 401.
    #[error("invalid token")]
    InvalidToken,
    /// Token without the required scope: 403. Its `WWW-Authenticate` names the scope.
    #[error("permission denied: the scope {0} is missing")]
    Forbidden(Scope),
    /// Unknown path, or no such row in this shop: 404.
    #[error("not found")]
    NotFound,
    /// Page number that the list does not have: 404.
    #[error("invalid page")]
    InvalidPage,
    /// Known path, but not with this method: 405.
    #[error("method {0} not allowed")]
    MethodNotAllowed(String),
    /// Request that the state of the shop forbids: 409.
    #[error("conflict: {0}")]
    Conflict(Cow<'static, str>),
    /// The first request with the same `Idempotency-Key` is still running: 409 with `Retry-After`.
    #[error("a request with this idempotency key is at work")]
    AtWork {
        /// Seconds until the client should ask again.
        retry_after: u32,
    },
    /// Too many attempts: 429 with `Retry-After`.
    #[error("throttled")]
    Throttled {
        /// Seconds until the client may try again.
        retry_after: u32,
    },
    /// Body over the size limit: 413.
    #[error("body over {limit} bytes")]
    TooLarge {
        /// Size limit in bytes.
        limit: usize,
    },
    /// Body that is not `application/json`: 415.
    #[error("unsupported media type {0}")]
    UnsupportedMediaType(String),
    /// `Idempotency-Key` that another request has used: 422.
    #[error("idempotency key reused")]
    KeyReused,
    /// The store gave no answer, or none in time, after bounded retries: 503. The text is for the log; no client sees
    /// it.
    #[error("store unavailable: {0}")]
    Unavailable(String),
    /// Defect of this service: 500. The text is for the log; no client sees it.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    /// Returns a 400 with one message for one field.
    pub fn field(name: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(FieldErrors::field(name, message))
    }

    /// Returns a 409. The client reads `reason`.
    pub fn conflict(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Conflict(reason.into())
    }
}

/// Validation messages in the shapes of Django REST framework: a list of messages, messages by field (nested), or a
/// list with one entry for each item of a list body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldErrors {
    /// One list of messages: `["message", ...]`.
    Messages(Vec<Cow<'static, str>>),
    /// Messages by field, in the order in which the fields were checked: `{"field": ..., ...}`.
    Fields(Vec<(Cow<'static, str>, FieldErrors)>),
    /// One entry for each item of a list body: `[{}, {"field": [...]}, ...]`.
    Items(Vec<FieldErrors>),
}

impl FieldErrors {
    /// No errors: `{}`.
    pub const NONE: Self = Self::Fields(Vec::new());

    /// Returns one message.
    pub fn message(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Messages(vec![message.into()])
    }

    /// Returns one message for one field.
    pub fn field(name: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Fields(vec![(name.into(), Self::message(message))])
    }

    /// Returns one message for one field: the field names a row that does not exist.
    pub fn missing(name: impl Into<Cow<'static, str>>, id: impl std::fmt::Display) -> Self {
        Self::Fields(vec![(name.into(), Self::no_row(id))])
    }

    /// Returns one message: there is no row with this id.
    pub fn no_row(id: impl std::fmt::Display) -> Self {
        Self::message(format!("Invalid pk \"{id}\" - object does not exist."))
    }

    /// Returns a message about the whole body.
    pub fn non_field(message: impl Into<Cow<'static, str>>) -> Self {
        Self::field("non_field_errors", message)
    }

    /// Merges these errors with `other` errors of the same object. If the two have different shapes, only `other` is
    /// kept.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Fields(mut fields), Self::Fields(others)) => {
                for (name, errors) in others {
                    match fields.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => *known = std::mem::replace(known, Self::NONE).and(errors),
                        None => fields.push((name, errors)),
                    }
                }
                Self::Fields(fields)
            }
            (Self::Messages(mut messages), Self::Messages(others)) => {
                messages.extend(others);
                Self::Messages(messages)
            }
            (_, other) => other,
        }
    }

    /// Returns true if there is no message at any depth.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Messages(messages) => messages.is_empty(),
            Self::Fields(fields) => fields.iter().all(|(_, errors)| errors.is_empty()),
            Self::Items(items) => items.iter().all(Self::is_empty),
        }
    }
}

impl Serialize for FieldErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Messages(messages) => messages.serialize(serializer),
            Self::Items(items) => items.serialize(serializer),
            Self::Fields(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, errors) in fields {
                    map.serialize_entry(name, errors)?;
                }
                map.end()
            }
        }
    }
}
