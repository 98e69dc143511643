//! Coupon codes as they stand on the wire.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use domain::{
    coupon::Coupon,
    coupon_code::{CouponCode, Status},
    customer::Customer,
    id::Id,
    timestamp,
};
use shop::discounts::codes::rows::Nested;

/// The customer of a code.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CouponCodeCustomer)]
struct CustomerReply {
    /// The shop's own id of the customer.
    #[schema(example = 123)]
    id: Id,
    /// The mobile number; may be blank.
    #[schema(max_length = 32, example = "15900960029")]
    mobile: String,
    /// The whole name; may be blank.
    #[schema(max_length = 255, example = "")]
    full_name: String,
    /// The gender, as the shop names it; `unknown` where it does not say.
    #[schema(max_length = 16, example = "unknown")]
    gender: String,
    /// The e-mail address; null where there is none.
    #[schema(max_length = 254)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CouponCodeCoupon)]
struct CouponReply {
    /// The id of the coupon.
    #[schema(example = 987)]
    id: Id,
    /// The text with which its codes begin, and the passphrase with which customers claim them.
    #[schema(max_length = 32, example = "jB7nNJPb")]
    code_prefix: String,
    /// True if customers may claim codes with the passphrase.
    can_redeem: bool,
}

impl CouponReply {
    fn new(coupon: &Coupon) -> Self {
        Self { id: coupon.id, code_prefix: coupon.code_prefix.clone(), can_redeem: coupon.can_redeem }
    }
}

/// A coupon code (优惠码): one discount in the hands of a customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CouponCode)]
pub struct CodeReply {
    /// The id of the code, increasing in order of creation.
    #[schema(example = 27518)]
    id: Id,
    /// The customer whose code it is; null only where the customer is not known any more.
    customer: Option<CustomerReply>,
    /// The coupon that it came from.
    coupon: CouponReply,
    /// The id of the customer whose code it is.
    #[schema(example = 123)]
    customer_id: Id,
    /// The id of the coupon that it came from.
    #[schema(example = 987)]
    coupon_id: Id,
    /// The text that the customer types; unique in the shop, and never given again.
    #[schema(max_length = 64, example = "jB7nNJPbf16adc")]
    code: String,
    /// The status of the code at this moment.
    #[schema(value_type = Status)]
    status: &'static str,
    /// The time at which the code was used; null if it is not used.
    #[schema(format = DateTime)]
    used_at: Option<String>,
    /// The time at which the code was issued.
    #[schema(format = DateTime, example = "2017-10-11T14:53:34.083556+08:00")]
    created_at: String,
    /// The time from which its rule is active; null is unbounded.
    #[schema(format = DateTime, example = "2017-10-10T15:34:29+08:00")]
    starts_at: Option<String>,
    /// The time at which its rule ends: the rule is no longer active at this instant. Null is unbounded.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
    /// The title of the coupon, or else of the rule.
    #[schema(max_length = 255, example = "test2")]
    title: String,
    /// The text that a customer reads, computed from the rule.
    #[schema(example = "打5折")]
    verbose_title: String,
}

impl CodeReply {
    /// The code as it is at `now`; `None` where it has gone with its coupon.
    pub fn new(code: &CouponCode, nested: &Nested, zone: Tz, now: DateTime<Utc>) -> Option<Self> {
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
