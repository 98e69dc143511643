//! The common behaviour of all operations over HTTP.

mod access;
mod conventions;
mod decisions;
mod documents;
mod envelope;
mod hostile_input;
mod idempotency;
mod idempotency_everywhere;
mod layers;
mod parsers;
mod robustness;
mod tenancy;
