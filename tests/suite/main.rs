//! The suite: one binary, one module a subject.

mod access;
mod adjust;
mod conventions;
mod customers;
mod documents;
mod levels;
mod pages;
mod point_history;
mod support;
mod tenancy;
