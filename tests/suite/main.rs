//! The suite: one binary, one module a subject.

mod access;
mod adjust;
mod conventions;
mod customer_batches;
mod customer_import;
mod customers;
mod documents;
mod envelope;
mod events;
mod house;
mod idempotency;
mod keys;
mod levels;
mod openapi;
mod point_history;
mod races;
mod ranked_lists;
mod support;
mod tenancy;
