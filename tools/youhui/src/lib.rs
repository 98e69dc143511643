//! Every function of the set in one process over the embedded store: what `cargo run` starts.
//!
//! * [`embedded`]: DynamoDB on SQLite (`dynoxide-rs`), reached through the AWS SDK like any other.
//! * [`gateway`]: API Gateway's part, from HTTP to the event of a function and back, by the routes of template.yaml.
//! * [`template`]: what template.yaml says; [`routes`] and [`roles`], API Gateway's and IAM's part of it.
//! * [`recovery`]: a shop as a file, out of one store and into another. [`bulk`]: customers, codes and points as files.
//! * [`demo`]: the data of the documents. [`hostile`]: the faults of a real store. [`server`]: all of it together.

pub mod bulk;
pub mod cli;
pub mod demo;
pub mod embedded;
pub mod gateway;
mod gzip;
pub mod hostile;
mod part_file;
pub mod recovery;
pub mod roles;
pub mod routes;
pub mod server;
pub mod template;
