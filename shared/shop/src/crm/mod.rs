//! Customers of a shop.

pub mod customers;
pub mod import;
