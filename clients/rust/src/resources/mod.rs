//! The resources of the API: their types, and their calls.

pub(crate) mod accounts;
pub(crate) mod coupon_codes;
pub(crate) mod coupons;
pub(crate) mod customers;
pub(crate) mod evaluate;
pub(crate) mod levels;
pub(crate) mod openapi;
pub(crate) mod orders;
pub(crate) mod point_history;
pub(crate) mod price_rules;
