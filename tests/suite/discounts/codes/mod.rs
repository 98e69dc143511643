//! Coupon codes: their lists, issuing and expiry.

pub(crate) mod batches;
mod expiry;
mod filters;
mod lens;
mod lens_races;
mod pages;
mod resource;
mod texts;
mod updates;
