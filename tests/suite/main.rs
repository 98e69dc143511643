//! The suite: one binary, one module a subject.

mod access;
mod adjust;
mod conventions;
mod customer_batches;
mod customer_import;
mod customers;
mod decisions;
mod documents;
mod envelope;
mod events;
mod house;
mod idempotency;
mod keys;
mod levels;
mod openapi;
mod point_history;
mod price_rules;
mod races;
mod ranked_lists;
mod robustness;
mod support;
mod tenancy;
