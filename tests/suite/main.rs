//! The suite: one binary, one module a subject.

mod documents;
mod levels;
mod support;
