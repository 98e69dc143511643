//! Carts: their price, and the use of codes by an order.

pub mod evaluation;
pub mod uses;
