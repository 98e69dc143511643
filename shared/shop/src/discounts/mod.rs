//! Price rules, coupons, coupon codes, and carts that are priced.

pub mod checkout;
pub mod codes;
pub mod counters;
pub mod coupons;
pub mod rules;
