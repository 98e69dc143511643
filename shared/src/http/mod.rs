//! The wire conventions (`conventions.md`): what a client of a Django REST framework API relies on.
//!
//! * [`service`] wraps a function's routes into what Lambda calls.
//! * [`access`]: tokens and scopes; [`query`]: lists; [`change`]: bodies and `Idempotency-Key`; [`json`]: JSON.
//! * [`body`]: one statement of each body, for its schema and its reader, made of [`fields`] and their [`kinds`].
//! * [`envelope`]: pages with absolute links.
//! * `error` is the only place that turns an [`Error`](crate::Error) into a status.

pub mod access;
pub mod body;
pub mod cart;
pub mod change;
pub mod coupon_code;
pub mod customer;
pub mod envelope;
mod error;
pub mod evaluation;
pub mod fields;
pub mod files;
mod gateway;
pub mod json;
pub mod kinds;
pub mod level;
pub mod openapi;
pub mod order;
pub mod path;
pub mod price_rule;
pub mod query;
pub mod service;
