//! Customers as they stand on the wire: ten keys of their own, nested in points and orders.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{customer::Customer, id::Id, timestamp};

/// A customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Customer)]
pub struct CustomerReply {
    /// The shop's own.
    #[schema(example = 50784)]
    id: Id,
    /// May be blank.
    #[schema(example = "13400000000")]
    mobile: String,
    /// May be blank.
    full_name: String,
    /// `unknown` by default.
    #[schema(example = "unknown")]
    gender: String,
    /// The e-mail address.
    email: Option<String>,
    /// The day of birth.
    #[schema(value_type = Option<String>, format = Date)]
    birthday: Option<NaiveDate>,
    /// The merchant's.
    note: String,
    /// Whether the customer agreed to advertising.
    accepts_marketing: bool,
    /// As the shop sent it, else when it was first stored here.
    #[schema(format = DateTime, example = "2018-09-03T13:56:15.425250+08:00")]
    created_at: String,
    /// As the shop sent it, else when it was last stored here.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl CustomerReply {
    /// The customer with its times in `zone`.
    pub fn new(customer: &Customer, zone: Tz) -> Self {
        Self {
            id: customer.id,
            mobile: customer.mobile.clone(),
            full_name: customer.full_name.clone(),
            gender: customer.gender.clone(),
            email: customer.email.clone(),
            birthday: customer.birthday,
            note: customer.note.clone(),
            accepts_marketing: customer.accepts_marketing,
            created_at: timestamp::render(customer.created_at, zone),
            updated_at: timestamp::render(customer.updated_at, zone),
        }
    }
}
