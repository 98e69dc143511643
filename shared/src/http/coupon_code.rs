//! Coupon codes as they stand on the wire.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{coupon::Coupon, coupon_code::CouponCode, customer::Customer, id::Id, timestamp},
    table::coupon_codes::Nested,
};

/// The customer of a code: five of the ten fields.
#[derive(Debug, Serialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CouponCode)]
pub struct CodeReply {
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
