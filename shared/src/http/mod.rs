//! The wire conventions of the API (docs/api/conventions.md), which are those of Django REST framework.
//!
//! * [`service`] puts the layers around a function's routes.
//! * [`access`] reads tokens and scopes, [`query`] the parameters of lists, [`change`] bodies and `Idempotency-Key`.
//! * [`json`] and [`fields`] validate bodies.
//! * [`envelope`] writes pages with absolute links.
//! * [`replies`] describes the errors of operations.
//! * `error` is the only place that turns an [`Error`](crate::Error) into a status.

pub mod access;
pub mod change;
pub mod envelope;
pub mod error;
pub mod fields;
pub mod files;
mod gateway;
pub mod json;
pub mod path;
pub mod query;
pub mod replies;
pub mod service;
