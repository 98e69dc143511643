//! The wire conventions of the API (docs/api/conventions.md), which are those of Django REST framework.
//!
//! * [`service`] puts the layers around a function's routes.
//! * [`access`] reads tokens and scopes, [`query`] the parameters of lists, [`change`] requests that change something.
//! * [`body`] states a body once, for its schema and its parser. It consists of [`fields`] of certain [`kinds`].
//! * [`json`] parses JSON, [`envelope`] writes pages with absolute links.
//! * [`replies`] describes the errors of operations.
//! * `error` is the only place that turns an [`Error`](crate::Error) into a status.

pub mod access;
pub mod body;
pub mod change;
pub mod checked;
pub mod envelope;
pub mod error;
pub mod fields;
pub mod files;
mod gateway;
pub mod json;
pub mod kinds;
pub mod path;
pub mod query;
pub mod replies;
pub mod service;
