//! Discounts: price rules, coupons, codes and the checkout.

pub(crate) mod checkout;
pub(crate) mod codes;
mod coupons;
mod decisions;
mod documents;
mod rules;
