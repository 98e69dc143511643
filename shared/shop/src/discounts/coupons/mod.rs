//! Coupons: their rows and pages, claims by passphrase, and their removal.

pub mod claims;
pub mod guesses;
pub mod pages;
pub mod removal;
pub mod rows;
