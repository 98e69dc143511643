//! Coupon codes: their rows and pages, issues, changes, uses and expiry.

pub mod changes;
pub mod expiry;
pub mod import;
pub mod issue;
pub mod load;
pub mod pages;
pub mod pending;
pub mod rows;
pub mod undo;
pub mod uses;
