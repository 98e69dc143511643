//! The engine over one DynamoDB table. Architecture invariant: it names no feature and could serve another product.
//!
//! * [`client`], [`commit`] and, for operators, `scan` are the only files that call the SDK for data. [`connect`] makes
//!   the SDK's client, [`meter`] counts what calls cost.
//! * `faults` tells the faults of the store apart: those that a retry can pass, and those that an operator must remove.
//! * [`transaction`] is one atomic change whose conditions are labelled. [`additions`] are the sums that it changes.
//! * [`pages`] are ranked lists: any page with the exact count.
//! * [`sequence`] issues ids, [`batches`] are work of several transactions, [`idempotency`] keeps replies.
//! * [`keys`] formats and parses the engine's keys. template.yaml is the only definition of the table; [`schema`] reads
//!   it.

pub mod additions;
pub mod attempts;
pub mod batches;
pub mod client;
pub mod commit;
pub mod connect;
mod contention;
pub mod entity;
mod faults;
pub mod idempotency;
pub mod item;
pub mod keys;
pub mod meter;
pub mod pages;
pub mod request_token;
mod scan;
pub mod schema;
pub mod sequence;
#[cfg(feature = "tls")]
mod tls;
pub mod transaction;

pub use item::Item;
