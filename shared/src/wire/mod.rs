//! Bodies and replies that several functions share, as they stand on the wire.

pub mod cart;
pub mod coupon_code;
pub mod customer;
pub mod customer_import;
pub mod evaluation;
pub mod level;
pub mod order;
pub mod price_rule;
pub mod price_rule_input;
