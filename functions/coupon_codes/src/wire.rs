//! Coupon codes as they are sent. As they stand on the wire they are in [`shared::http::coupon_code`].

use chrono_tz::Tz;
use serde_json::Value;
use shared::{
    FieldErrors, body,
    domain::{
        coupon_code::{CODE_LENGTH, MAX_ISSUED, MAX_ISSUED_COUPONS},
        id::Id,
    },
    http::{
        body::Body as _,
        checked::{Checked, items},
        fields::{nullable, optional, required},
        kinds::{Kind as _, names, own_id, relation, text},
    },
    shop::discounts::codes::{changes::CodeUpdate, issue::Pair, pages::Statuses},
};
use utoipa::ToSchema;

#[derive(ToSchema)]
#[schema(as = CouponCodeStatusFilter, rename_all = "snake_case")]
#[allow(dead_code, reason = "describes the filter; `STATUSES` reads it")]
pub(crate) enum StatusFilter {
    Unused,
    Used,
    Expired,
    Available,
}

/// The statuses that a filter can name.
pub(crate) const STATUSES: &[(&str, Statuses)] = &[
    ("unused", Statuses { unused: true, ..Statuses::NONE }),
    ("used", Statuses { used: true, ..Statuses::NONE }),
    ("expired", Statuses { expired: true, ..Statuses::NONE }),
    ("available", Statuses { available: true, ..Statuses::NONE }),
];

body! {
    /// A code that is to be issued.
    pub(crate) struct CouponCodeIssue {
        /// The customer who gets the code.
        customer_id: Option<Id> = required(relation()),
        /// The coupon that the code is of; one request names at most 20.
        coupon_id: Option<Id> = required(relation()),
    }
}

/// Reads the pairs of an issue. The errors of a pair stand beside it, because the store has more to say about its customer
/// and its coupon, and all errors are answered at once.
pub(crate) fn parse_issue(body: &Value) -> Checked<Vec<Pair>> {
    let pairs = items(body, MAX_ISSUED, |item| {
        let (CouponCodeIssue { customer_id, coupon_id }, errors) = CouponCodeIssue::read_partly(item, Tz::UTC);
        Ok(Pair { customer_id, coupon_id, errors })
    })?;
    let coupons: std::collections::HashSet<_> = pairs.iter().filter_map(|pair| pair.coupon_id).collect();
    if coupons.len() > MAX_ISSUED_COUPONS {
        return Err(FieldErrors::non_field(format!("Name no more than {MAX_ISSUED_COUPONS} coupons.")));
    }
    Ok(pairs)
}

body! {
    /// A change of a code. A field that is omitted stays as it is.
    pub(crate) struct CouponCodeInput {
        describes {
            /// Accepted and ignored.
            coupon_id: nullable(own_id()),
        }
        /// The customer whose code it is to be. A used code stays whose it is.
        customer_id: Option<Id> = optional(relation()),
        /// The new text of the code: 1 to 64 characters, never given to another code of the shop.
        #[example("jB7nNJPbf16adc")]
        code: Option<String> = optional(text(1..=CODE_LENGTH)),
        /// `used` uses the code without an order, `unused` gives a use back. `expired` cannot be set.
        #[example("unused")]
        status: Option<bool> = optional(names(&[("unused", false), ("used", true)]).explain(expired_cannot_be_set)),
    }
}

fn expired_cannot_be_set(status: &Value, error: FieldErrors) -> FieldErrors {
    match status.as_str() {
        Some("expired") => FieldErrors::message("\"expired\" cannot be set: a code expires with its price rule."),
        _ => error,
    }
}

/// Reads an update from a body; its errors stand in the draft, as in [`parse_issue`].
pub(crate) fn parse_update(body: &Value) -> CodeUpdate {
    let (CouponCodeInput { customer_id, code, status }, errors) = CouponCodeInput::read_partly(body, Tz::UTC);
    CodeUpdate { customer_id, code, used: status, errors }
}
