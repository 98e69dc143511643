//! The use cases of a shop, by feature, over the engine in `store` and the rules in `domain`.
//!
//! * [`keys`] formats and parses the key of everything that a shop has.
//! * [`loyalty`], [`crm`], [`orders`] and [`discounts`] are the areas of the API. Each file is one use case or one
//!   resource.
//! * [`operators`] is for the people who run the service: shops, tokens, audits, transfers.
//!
//! A change is a *plan*: a function that reads, refuses, and returns a transaction whose conditions cover all that it
//! relied on. The caller commits it with [`store::client::Store::carry_out`], which plans again when a condition fails.

pub mod crm;
pub mod discounts;
pub mod keys;
pub mod loyalty;
pub mod operators;
pub mod orders;
