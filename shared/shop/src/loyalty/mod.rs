//! Points of customers: levels, accounts, the ledger and the expiry of points.

pub mod accounts;
pub mod changes;
pub mod days;
pub mod expiry;
pub(crate) mod give_back;
pub mod history;
pub mod levels;
pub mod load;
pub(crate) mod posting;
