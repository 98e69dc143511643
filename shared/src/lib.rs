//! What every function of Youhui stands on.
//!
//! * [`domain`]: the shop's rules, pure. No async, AWS, HTTP, clock or randomness.
//! * [`table`]: the single DynamoDB table. Only [`table::keys`] knows how a key looks.
//! * [`http`]: the wire conventions. Only `http/error.rs` turns an [`Error`] into a status.
//! * [`app`]: what a running function holds. [`lambda`]: how one starts. [`telemetry`]: what it tells its operators.

pub mod app;
pub mod domain;
pub mod error;
pub mod http;
pub mod lambda;
pub mod table;
pub mod telemetry;

pub use app::App;
pub use error::{Error, FieldErrors};
