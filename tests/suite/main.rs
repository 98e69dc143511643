//! The suite: one binary, one module a subject.

mod customer_batches;
mod house;
mod keys;
mod levels;
mod pages;
