//! A client of [Youhui](https://github.com/youhui), a service for coupons and loyalty points.
//!
//! Every operation of the API is a method of [`Client`] under its name in the description: `level_list`,
//! `coupon_code_use`, `evaluate`. Three kinds of them:
//!
//! - **Reads** are plain: `client.account_get(50784).await?`.
//! - **Lists** are asked for with filters and answer a [`Page`]:
//!   `client.coupon_code_list().coupon(7).status(StatusFilter::Used).await?`. [`List::walk`] goes over all rows and misses none
//!   that was there throughout.
//! - **Changes** are sent when they are awaited, each under an [`IdempotencyKey`] of its own, so that a lost reply, a busy server
//!   or an impatient caller never makes them happen twice.
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//! use youhui_client::{
//!     Cart, CartLine, Client, CodeIssue, CodeUse, CouponInput, CustomerInput, Error, EvaluationInput, PriceRuleInput,
//! };
//!
//! # async fn example() -> Result<(), Error> {
//! let client = Client::new("http://127.0.0.1:8080", "the token that `cargo run` printed")?;
//!
//! // A customer, a coupon with a rule of its own, and a code.
//! client.customer_put(7, &CustomerInput::new(7, "13400000007")).await?;
//! let coupon = client.coupon_create(&CouponInput::with_rule("spring", PriceRuleInput::percent_off("Spring", 20))).await?;
//! let issued = client.coupon_code_issue(&[CodeIssue { customer_id: 7, coupon_id: coupon.id }]).await?;
//! let code = issued.results[0].code.clone();
//!
//! // What would it take off?
//! let cart = Cart { lines: vec![CartLine::new(1, 2, 100)], ..Cart::default() };
//! let codes = vec![code.clone()];
//! let priced = client.evaluate(&EvaluationInput { cart, codes, ..EvaluationInput::default() }).await?;
//! println!("to pay: {}", priced.totals.final_price);
//!
//! // Use it. Two orders at once cannot: one of them gets a conflict.
//! match client.coupon_code_use(&CodeUse::new(42, 7, [code])).await {
//!     Ok(used) => println!("used at {:?}", used.results[0].code.used_at),
//!     Err(Error::Conflict { detail, .. }) => println!("not any more: {detail}"),
//!     Err(Error::Invalid(errors)) => println!("codes: {:?}", errors.messages("codes")),
//!     Err(other) => return Err(other),
//! }
//!
//! // Every entry of the ledger, oldest first, however many there are.
//! let mut entries = std::pin::pin!(client.point_history_list().walk().rows());
//! while let Some(entry) = entries.try_next().await? {
//!     println!("{} {:+} {}", entry.id, entry.points, entry.kind);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Amounts are [`Decimal`](rust_decimal::Decimal)s and instants [`DateTime`](chrono::DateTime)s with the offset of the shop. What a
//! reply has beyond what this version knows is ignored; [`List::raw`] keeps it. Neither the token nor who a customer is
//! shows in a `Debug` text or an [`Error`].

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
