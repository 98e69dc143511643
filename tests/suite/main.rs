//! The suite: one binary, one module a subject.

mod access;
mod adjust;
mod conventions;
mod customers;
mod documents;
mod idempotency;
mod levels;
mod openapi;
mod pages;
mod point_history;
mod races;
mod support;
mod tenancy;
