//! The OpenAPI description and its examples.

mod bodies;
mod description;
mod examples;
mod published;
mod reference;
