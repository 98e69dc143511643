//! The test suite: one binary, with one module for each feature.

mod cli;
mod client;
mod console;
mod crm;
mod discounts;
mod docs;
mod house;
mod http;
mod kill;
mod lambda;
mod loyalty;
mod openapi;
mod operators;
mod orders;
mod store;
mod support;
