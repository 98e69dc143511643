//! The models and rules of a shop. Architecture invariant: this crate is pure. It knows no async, AWS, HTTP, clock or
//! randomness.

pub mod coupon;
pub mod coupon_code;
pub mod customer;
pub mod error;
pub mod evaluation;
pub mod id;
pub mod level;
pub mod money;
pub mod order;
pub mod order_uses;
pub mod point_days;
pub mod point_expiry;
pub mod points;
pub mod price_rule;
pub mod quota;
pub mod redemption;
pub mod scope;
pub mod shop;
pub mod timestamp;
