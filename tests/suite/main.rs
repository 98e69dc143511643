//! The suite: one binary, one module a subject.

mod adjust;
mod customers;
mod documents;
mod levels;
mod point_history;
mod support;
