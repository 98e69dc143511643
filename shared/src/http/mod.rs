//! The wire conventions (`conventions.md`): what a client of a Django REST framework API relies on.
//!
//! * [`service`] wraps a function's routes into what Lambda calls.
//! * [`access`]: tokens and scopes; [`query`]: lists; [`change`]: bodies and `Idempotency-Key`; [`json`] and
//!   [`fields`]: validation.
//! * [`envelope`]: pages with absolute links.
//! * `error` is the only place that turns an [`Error`](crate::Error) into a status.

pub mod access;
pub mod change;
pub mod envelope;
pub mod error;
pub mod fields;
pub mod files;
mod gateway;
pub mod json;
pub mod openapi;
pub mod path;
pub mod query;
pub mod service;
