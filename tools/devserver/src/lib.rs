//! The local server, which `cargo run` starts: every function of the service in one process, over the embedded store.
//!
//! * [`embedded`]: the embedded store, DynamoDB on SQLite (`dynoxide-rs`), reached through the AWS SDK like any other
//!   store.
//! * [`gateway`]: the part of API Gateway, from HTTP to the event of a function and back, by the routes of
//!   template.yaml.
//! * [`template`]: the parsed template.yaml. [`routes`] and [`roles`]: its routes and its IAM roles.
//! * [`demo`]: the demo data. [`hostile`]: fault injection. [`server`]: the local server as a whole.

pub mod demo;
pub mod embedded;
pub mod gateway;
pub mod hostile;
pub mod roles;
pub mod routes;
pub mod server;
pub mod template;
