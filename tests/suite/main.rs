//! The suite: one binary, one module a subject.

mod customer_batches;
mod levels;
mod pages;
