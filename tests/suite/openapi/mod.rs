//! The OpenAPI description and its examples.

mod description;
mod examples;
mod published;
mod reference;
