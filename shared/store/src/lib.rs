//! The single DynamoDB table: `PK`/`SK` strings, a `type` on every item. template.yaml is the one statement of the table.
//!
//! * [`keys`] is the only file that knows how a key looks.
//! * [`store`], `commit` and, for operators, `scan` are the only files that call the SDK for data; [`connect`] makes its
//!   client.
//! * [`transaction`] is one atomic change with labels; [`pages`] are exact lists.
//! * One file a resource: what it reads and writes.

pub mod accounts;
pub mod attempts;
pub mod audit;
mod audit_accounts;
mod audit_codes;
pub mod automatic_rules;
pub mod batches;
pub mod checkout;
mod commit;
pub mod connect;
pub mod counters;
pub mod coupon_claims;
pub mod coupon_code_changes;
pub mod coupon_code_import;
pub mod coupon_code_issue;
pub mod coupon_code_load;
pub mod coupon_code_pages;
pub mod coupon_code_undo;
pub mod coupon_code_uses;
pub mod coupon_codes;
pub mod coupon_pages;
pub mod coupon_removal;
pub mod coupons;
mod crowd;
pub mod customer_import;
pub mod customers;
pub mod entity;
pub mod evaluation;
pub mod expiry;
pub mod guesses;
pub mod idempotency;
pub mod keys;
pub mod levels;
pub mod meter;
pub mod order_release;
pub mod order_uses;
pub mod orders;
pub mod pages;
pub mod point_days;
pub mod point_expiry;
pub mod point_history;
pub mod point_history_changes;
pub mod point_history_load;
mod posting;
pub mod price_rules;
mod scan;
pub mod schema;
pub mod sequence;
pub mod settling;
pub mod shop_import;
pub mod shop_items;
pub mod shops;
pub mod standings;
pub mod store;
#[cfg(feature = "tls")]
mod tls;
pub mod tokens;
pub mod transaction;
pub mod transfers;

/// One item of the table.
pub type Item = std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;
