//! Helpers that the features share.

mod assertions;
pub(crate) mod audits;
pub(crate) mod discounts;
pub(crate) mod faults;
pub(crate) mod files;
pub(crate) mod log_lines;
mod messages;
pub(crate) mod orders;
mod paths;
pub(crate) mod points;
mod rows;
pub(crate) mod whole_shops;

pub(crate) use self::{
    assertions::{detail, keys, link, over, refused, refused_somehow, same_text, taken_since, time},
    messages::{BLANK, ENTER_A_NUMBER, NOT_A_BOOLEAN, NOT_A_NUMBER, NOT_A_STRING, NOT_AN_INTEGER, NULL, REQUIRED},
    paths::{
        ACCOUNTS, ADJUST, CODES, COUPONS, CUSTOMERS, EVALUATE, HISTORY, LEVELS, ORDERS, REDEEM, REFUND, RELEASE, RULES,
        SIGN, USE, one,
    },
    rows::{customer, id, level, store_customers},
};
