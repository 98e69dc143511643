//! Customers as they stand on the wire: ten keys of their own, nested in points and orders.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use domain::{customer::Customer, id::Id, timestamp};

/// A customer of the shop.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Customer)]
pub struct CustomerReply {
    /// The shop's own id of the customer.
    #[schema(example = 50784)]
    id: Id,
    /// The mobile number; may be blank.
    #[schema(max_length = 32, example = "13400000000")]
    mobile: String,
    /// The whole name; may be blank.
    #[schema(max_length = 255, example = "test")]
    full_name: String,
    /// The gender, as the shop names it; `unknown` where it does not say.
    #[schema(max_length = 16, example = "unknown")]
    gender: String,
    /// The e-mail address; null where there is none.
    #[schema(max_length = 254)]
    email: Option<String>,
    /// The day of birth; null where it is not known.
    #[schema(value_type = Option<String>, format = Date)]
    birthday: Option<NaiveDate>,
    /// The merchant's note; may be blank.
    #[schema(max_length = 2000, example = "")]
    note: String,
    /// True if the customer agreed to advertising.
    accepts_marketing: bool,
    /// The time of creation: as the shop sent it, else the time at which the customer was first stored here.
    #[schema(format = DateTime, example = "2018-09-03T13:56:15.425250+08:00")]
    created_at: String,
    /// The time of the last change: as the shop sent it, else the time at which the customer was last stored here.
    #[schema(format = DateTime, example = "2018-09-03T13:56:15.425284+08:00")]
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
