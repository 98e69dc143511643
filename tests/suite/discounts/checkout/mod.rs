//! Evaluating a cart, and using and releasing codes.

mod again;
mod drafts;
mod evaluate;
mod faults;
mod holds;
mod properties;
pub(crate) mod uses;
mod vectors;
