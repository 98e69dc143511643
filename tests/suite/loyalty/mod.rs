//! Levels, accounts and the point history.

mod accounts;
mod adjust;
mod expiry;
mod faults;
mod history;
mod levels;
mod liability;
mod model;
mod redemptions;
mod signs;
