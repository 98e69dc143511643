//! The common crate of the functions: what each of them shares above the shop.
//!
//! * [`http`]: the wire conventions. Only `http/error.rs` turns an [`Error`] into a status.
//! * [`wire`]: bodies and replies that several functions share.
//! * [`app`]: the state of a running function. [`lambda`]: its start. [`telemetry`]: its log lines and metrics.
//! * [`domain`], [`store`] and [`shop`]: the crates below, under their own names. Only the
//!   function `openapi`, which collects the routes of all others, names another crate of ours.

pub mod app;
pub mod http;
pub mod lambda;
pub mod telemetry;
pub mod wire;

pub use app::App;
pub use domain::error::{self, Error, FieldErrors};
pub use http::error::ErrorReply;
pub use {domain, shop, store};
