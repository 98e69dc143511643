//! Coupon codes as they are sent. As they stand on the wire they are in [`shared::http::coupon_code`].

use serde_json::Value;
use shared::{
    FieldErrors,
    domain::{
        coupon_code::{CODE_LENGTH, MAX_ISSUED, MAX_ISSUED_COUPONS},
        id::Id,
    },
    http::fields::{Checked, Fields, items, not_a_choice, relation, text},
    shop::discounts::codes::{changes::Draft, issue::Pair, pages::Statuses},
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

/// What a filter by status can name.
pub(crate) const STATUSES: &[(&str, Statuses)] = &[
    ("unused", Statuses { unused: true, ..Statuses::NONE }),
    ("used", Statuses { used: true, ..Statuses::NONE }),
    ("expired", Statuses { expired: true, ..Statuses::NONE }),
    ("available", Statuses { available: true, ..Statuses::NONE }),
];

/// A code that is to be issued.
#[derive(ToSchema)]
#[schema(as = CouponCodeIssue)]
#[allow(dead_code, reason = "describes the body; `parse_issue` reads it with every error at once")]
pub(crate) struct IssueBody {
    /// The customer who gets the code.
    #[schema(example = 123)]
    customer_id: Id,
    /// The coupon that the code is of; one request names at most 20.
    #[schema(example = 987)]
    coupon_id: Id,
}

/// Reads the pairs of an issue. What is wrong with a pair stands beside it, since whether its customer and coupon exist is
/// for the store to say, and all errors are answered at once.
pub(crate) fn parse_issue(body: &Value) -> Checked<Vec<Pair>> {
    let pairs = items(body, MAX_ISSUED, |item| {
        let mut fields = match Fields::of(item) {
            Ok(fields) => fields,
            Err(errors) => return Ok(Pair { customer_id: None, coupon_id: None, errors }),
        };
        let (customer_id, coupon_id) =
            (fields.required("customer_id", relation), fields.required("coupon_id", relation));
        Ok(Pair { customer_id, coupon_id, errors: fields.errors() })
    })?;
    let coupons: std::collections::HashSet<_> = pairs.iter().filter_map(|pair| pair.coupon_id).collect();
    if coupons.len() > MAX_ISSUED_COUPONS {
        return Err(FieldErrors::non_field(format!("Name no more than {MAX_ISSUED_COUPONS} coupons.")));
    }
    Ok(pairs)
}

/// The status that a code can be given.
#[derive(ToSchema)]
#[schema(as = SettableCouponCodeStatus, rename_all = "snake_case")]
#[allow(dead_code, reason = "describes the field; `used` reads it")]
enum SettableStatus {
    Unused,
    Used,
}

/// A code as it is sent in an update. What is omitted stays as it is.
#[derive(ToSchema)]
#[schema(as = CouponCodeInput)]
#[allow(dead_code, reason = "describes the body; `parse_update` reads it with every error at once")]
pub(crate) struct CodeBody {
    /// The customer whose code it is to be. A used code stays whose it is.
    #[schema(nullable = false, example = 123)]
    customer_id: Option<Id>,
    /// Accepted and ignored.
    #[schema(example = 987)]
    coupon_id: Option<Id>,
    /// The new text of the code: 1 to 64 characters, never given to another code of the shop.
    #[schema(nullable = false, min_length = 1, max_length = 64, example = "jB7nNJPbf16adc")]
    code: Option<String>,
    /// `used` uses the code without an order, `unused` gives a use back. `expired` cannot be set.
    #[schema(value_type = SettableStatus, required = false, example = "unused")]
    status: Option<String>,
}

fn used(value: &Value) -> Checked<bool> {
    match value.as_str() {
        Some("used") => Ok(true),
        Some("unused") => Ok(false),
        Some("expired") => Err(FieldErrors::message("\"expired\" cannot be set: a code expires with its price rule.")),
        _ => Err(not_a_choice(value)),
    }
}

/// Reads an update from a body; its errors stand in the draft, as in [`parse_issue`].
pub(crate) fn parse_update(body: &Value) -> Draft {
    let mut fields = match Fields::of(body) {
        Ok(fields) => fields,
        Err(errors) => return Draft { customer_id: None, code: None, used: None, errors },
    };
    let customer_id = fields.optional("customer_id", relation);
    let code = fields.optional("code", text(CODE_LENGTH, false));
    let used = fields.optional("status", used);
    Draft { customer_id, code, used, errors: fields.errors() }
}
