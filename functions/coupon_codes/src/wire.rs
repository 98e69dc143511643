//! Coupon codes as they stand on the wire and as they are sent.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::Value;
use shared::{
    FieldErrors,
    domain::{
        coupon::Coupon,
        coupon_code::{CODE_LENGTH, CouponCode, MAX_ISSUED, MAX_ISSUED_COUPONS},
        customer::Customer,
        id::Id,
        timestamp,
    },
    http::fields::{Checked, Fields, items, not_a_choice, relation, text},
    table::{coupon_code_changes::Draft, coupon_code_issue::Pair, coupon_code_pages::Statuses, coupon_codes::Nested},
};
use utoipa::ToSchema;

/// The customer of a code: five of the ten fields.
#[derive(Serialize, ToSchema)]
#[schema(as = CouponCodeCustomer)]
struct CustomerReply {
    /// The shop's own.
    #[schema(example = 123)]
    id: Id,
    /// May be blank.
    #[schema(example = "15900960029")]
    mobile: String,
    /// May be blank.
    full_name: String,
    /// `unknown` by default.
    #[schema(example = "unknown")]
    gender: String,
    /// The e-mail address.
    email: Option<String>,
}

impl CustomerReply {
    fn new(customer: &Customer) -> Self {
        Self {
            id: customer.id,
            mobile: customer.mobile.clone(),
            full_name: customer.full_name.clone(),
            gender: customer.gender.clone(),
            email: customer.email.clone(),
        }
    }
}

/// The coupon of a code.
#[derive(Serialize, ToSchema)]
#[schema(as = CouponCodeCoupon)]
struct CouponReply {
    /// Ours.
    #[schema(example = 987)]
    id: Id,
    /// What its codes begin with.
    #[schema(example = "jB7nNJPb")]
    code_prefix: String,
    /// Whether customers may claim codes with the passphrase.
    can_redeem: bool,
}

impl CouponReply {
    fn new(coupon: &Coupon) -> Self {
        Self { id: coupon.id, code_prefix: coupon.code_prefix.clone(), can_redeem: coupon.can_redeem }
    }
}

/// A code.
#[derive(Serialize, ToSchema)]
#[schema(as = CouponCode)]
pub(crate) struct CodeReply {
    /// Ours, increasing in order of creation.
    #[schema(example = 27518)]
    id: Id,
    /// Whose it is; null only where the customer is not known any more.
    customer: Option<CustomerReply>,
    /// The coupon that it came from.
    coupon: CouponReply,
    /// Whose it is.
    #[schema(example = 123)]
    customer_id: Id,
    /// The coupon that it came from.
    #[schema(example = 987)]
    coupon_id: Id,
    /// What the customer types; unique in the shop.
    #[schema(example = "jB7nNJPbf16adc")]
    code: String,
    /// `unused`, `used` or `expired`, as it is now.
    #[schema(example = "unused")]
    status: &'static str,
    /// When it was used.
    #[schema(format = DateTime)]
    used_at: Option<String>,
    /// When it was issued.
    #[schema(format = DateTime, example = "2017-10-11T14:53:34.083556+08:00")]
    created_at: String,
    /// From when on its rule applies.
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    /// Until when its rule applies.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
    /// The coupon's, or else the rule's.
    #[schema(example = "test2")]
    title: String,
    /// What a customer reads; computed from the rule.
    #[schema(example = "打5折")]
    verbose_title: String,
}

impl CodeReply {
    /// The code as it is at `now`; `None` where it has gone with its coupon.
    pub(crate) fn new(code: &CouponCode, nested: &Nested, zone: Tz, now: DateTime<Utc>) -> Option<Self> {
        let (coupon, terms) = nested.terms(code)?;
        let render = |instant: DateTime<Utc>| timestamp::render(instant, zone);
        Some(Self {
            id: code.id,
            customer: nested.customers.get(&code.customer_id).map(CustomerReply::new),
            coupon: CouponReply::new(coupon),
            customer_id: code.customer_id,
            coupon_id: code.coupon_id,
            code: code.code.clone(),
            status: code.status(terms.have_ended(now)).name(),
            used_at: code.used_at.map(render),
            created_at: render(code.created_at),
            starts_at: terms.starts_at.map(render),
            ends_at: terms.ends_at.map(render),
            title: terms.title,
            verbose_title: terms.verbose_title,
        })
    }
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
    /// To whom.
    #[schema(example = 123)]
    customer_id: Id,
    /// Of which coupon; at most 20 of them in one request.
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

/// A code as it is sent in an update: what is omitted stays.
#[derive(ToSchema)]
#[schema(as = CouponCodeInput)]
#[allow(dead_code, reason = "describes the body; `parse_update` reads it with every error at once")]
pub(crate) struct CodeBody {
    /// Whose it is to be; a used code stays whose it is.
    customer_id: Option<Id>,
    /// Accepted and ignored.
    coupon_id: Option<Id>,
    /// Its new text: 1 to 64 characters, never given before.
    #[schema(min_length = 1, max_length = 64)]
    code: Option<String>,
    /// `used`, or `unused` to give a use back.
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
