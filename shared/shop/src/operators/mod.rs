//! Tasks of the operators of the service: shops, tokens, audits, transfers, and moving whole shops.

pub mod audit;
mod audit_accounts;
mod audit_codes;
pub mod audit_report;
pub mod shop_import;
pub mod shop_items;
pub mod shops;
pub mod tokens;
pub mod transfers;
