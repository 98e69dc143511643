//! The one error of the service. It says what went wrong in the service's words; `http/error.rs` alone decides the
//! status and the body.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::domain::scope::Scope;

/// What a request can end with instead of its answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input cannot be right: 400 with the messages by field.
    #[error("invalid input")]
    Invalid(FieldErrors),
    /// The body is not JSON: 400.
    #[error("JSON parse error - {0}")]
    Parse(String),
    /// No bearer token was sent: 401.
    #[error("authentication credentials were not provided")]
    Unauthenticated,
    /// The bearer token is unknown, expired or revoked: 401.
    #[error("invalid token")]
    InvalidToken,
    /// The token lacks the scope: 403, which names it in its `WWW-Authenticate`.
    #[error("permission denied: the scope {0} is missing")]
    Forbidden(Scope),
    /// No such path or row in this shop: 404.
    #[error("not found")]
    NotFound,
    /// The page number is not one of the list's: 404.
    #[error("invalid page")]
    InvalidPage,
    /// The path exists, the method does not: 405.
    #[error("method {0} not allowed")]
    MethodNotAllowed(String),
    /// The state of the shop forbids it: 409.
    #[error("conflict: {0}")]
    Conflict(Cow<'static, str>),
    /// The first request under the same `Idempotency-Key` is still at work: 409 with `Retry-After` in seconds.
    #[error("a request with this idempotency key is at work")]
    AtWork {
        /// When to ask again, in seconds.
        retry_after: u32,
    },
    /// Too many attempts: 429 with `Retry-After` in seconds.
    #[error("throttled")]
    Throttled {
        /// When to try again, in seconds.
        retry_after: u32,
    },
    /// The body is over the limit: 413.
    #[error("body over {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body is not `application/json`: 415.
    #[error("unsupported media type {0}")]
    UnsupportedMediaType(String),
    /// The `Idempotency-Key` belongs to another request: 422.
    #[error("idempotency key reused")]
    KeyReused,
    /// The store did not answer, or not in time, after bounded retries: 503. The text is for the log, never the client.
    #[error("store unavailable: {0}")]
    Unavailable(String),
    /// A fault of ours: 500. The text is for the log, never the client.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    /// A 400 with one message for one field.
    pub fn field(name: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(FieldErrors::field(name, message))
    }

    /// A 409 with the reason in the client's words.
    pub fn conflict(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Conflict(reason.into())
    }
}

/// Validation messages in Django REST framework's shapes: a list of messages, messages by field (nested), or a list
/// aligned with a list body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldErrors {
    /// `["message", ...]`
    Messages(Vec<Cow<'static, str>>),
    /// `{"field": ..., ...}` in the order in which the fields were checked.
    Fields(Vec<(Cow<'static, str>, FieldErrors)>),
    /// `[{}, {"field": [...]}, ...]`, one entry for each item of the body.
    Items(Vec<FieldErrors>),
}

impl FieldErrors {
    /// Nothing wrong: `{}`.
    pub const NONE: Self = Self::Fields(Vec::new());

    /// One message.
    pub fn message(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Messages(vec![message.into()])
    }

    /// One message under one field.
    pub fn field(name: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Fields(vec![(name.into(), Self::message(message))])
    }

    /// One message under one field, which names a row that does not exist.
    pub fn missing(name: impl Into<Cow<'static, str>>, id: impl std::fmt::Display) -> Self {
        Self::Fields(vec![(name.into(), Self::no_row(id))])
    }

    /// There is no row with this id.
    pub fn no_row(id: impl std::fmt::Display) -> Self {
        Self::message(format!("Invalid pk \"{id}\" - object does not exist."))
    }

    /// A message about the whole body.
    pub fn non_field(message: impl Into<Cow<'static, str>>) -> Self {
        Self::field("non_field_errors", message)
    }

    /// These and the other errors of the same object; errors of another shape stand instead.
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

    /// True where nothing is wrong, at any depth.
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
