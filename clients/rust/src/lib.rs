//! A client of Youhui, a service for coupons and loyalty points.
//!
//! Every operation of the API is a method of [`Client`] with the name of its `operationId`: `level_list`,
//! `coupon_code_use`, `evaluate`. There are three kinds:
//!
//! - **Reads** return a value: `client.account_get(50784).await?`.
//! - **Lists** take filters and return a [`Page`]:
//!   `client.coupon_code_list().coupon(7).status(StatusFilter::Used).await?`. [`List::walk`] goes over all rows, and
//!   misses none that exists throughout.
//! - **Changes** are sent when they are awaited. Each has its own [`IdempotencyKey`], so that a lost reply, a busy
//!   server or an impatient caller never makes it happen twice.
//!
//! ```no_run
#![doc = include_str!("../examples/first_steps.rs")]
//! ```
//!
//! Amounts are [`Decimal`](rust_decimal::Decimal)s. Times are [`DateTime`](chrono::DateTime)s with the offset of the
//! shop. Fields of a reply that this version does not know are ignored; [`List::raw`] keeps them. Neither the token nor
//! personal data of a customer appears in a `Debug` text or an [`Error`].

mod call;
mod client;
mod error;
mod field_errors;
mod key;
mod list;
mod operations;
mod resources;
mod retry;
mod wire;

pub use call::{Change, Reply};
pub use client::{Client, ClientBuilder};
pub use error::Error;
pub use field_errors::FieldErrors;
pub use key::{IdempotencyKey, KeyError};
pub use list::{List, OrderBy, Page, RawRow, Row, Walk};
pub use operations::{OPERATIONS, Operation};
pub use resources::{
    accounts::Account,
    coupon_codes::{
        CodeCoupon, CodeCustomer, CodeIssue, CodeStatus, CodeUse, CouponCode, CouponCodeInput, StatusFilter,
        UsedCouponCode,
    },
    coupons::{Coupon, CouponInput, RuleOf},
    customers::{Customer, CustomerInput},
    evaluate::{
        Allocation, Cart, CartLine, CartTotals, CodeReason, EvaluatedCode, EvaluatedRule, Evaluation, EvaluationInput,
        FailedPredicate, PricedLine, PricedShipping,
    },
    levels::{Level, LevelInput},
    orders::Order,
    point_history::{PointHistory, PointHistoryDetail, PointKind},
    price_rules::{
        AllocationMethod, AtLeast, AtMost, PriceRule, PriceRuleInput, Ratio, TargetSelection, TargetType, ValueType,
    },
};
pub use retry::RetryPolicy;
pub use wire::Nullable;
