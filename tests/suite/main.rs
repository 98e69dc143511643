//! The suite: one binary, one module a subject.

mod levels;
mod pages;
