//! Customers as they are sent.

use chrono_tz::Tz;
use serde_json::Value;
use shared::{
    body,
    domain::{
        customer::{CustomerDraft, MOBILE_LENGTH},
        id::Id,
    },
    http::{
        body::{Body as _, flatten},
        checked::{Checked, items, unique_ids},
        fields::{nullable, optional, required},
        kinds::{boolean, date, instant, own_id, text},
    },
};

/// The most customers of one import.
const MOST: usize = 1_000;
/// The longest note, in characters.
const NOTE_LENGTH: usize = 2_000;

body! {
    /// A customer as it is sent. A field that is omitted stays as it is; a new customer has blank texts, the gender
    /// `unknown`, and has not agreed to advertising.
    pub(crate) struct CustomerInput into CustomerDraft {
        /// The mobile number: at most 32 characters, may be blank.
        #[example("15900960029")]
        mobile: optional(text(0..=MOBILE_LENGTH)),
        /// The whole name: at most 255 characters, may be blank.
        #[example("顾客")]
        full_name: optional(text(0..=255)),
        /// The gender, as the shop names it: 1 to 16 characters.
        #[example("unknown")]
        gender: optional(text(1..=16)),
        /// The e-mail address: at most 254 characters, not checked further. Null clears it.
        #[example("guke@example.com")]
        email: nullable(text(0..=254)),
        /// The day of birth. Null clears it.
        #[example("1990-01-31")]
        birthday: nullable(date()),
        /// The merchant's note: at most 2000 characters, may be blank.
        #[example("")]
        note: optional(text(0..=NOTE_LENGTH)),
        /// True if the customer agreed to advertising.
        #[example(true)]
        accepts_marketing: optional(boolean()),
        /// The time of creation. A new customer without it was created when it was first stored here.
        #[example("2018-09-03T13:56:15.425250+08:00")]
        created_at: optional(instant()),
        /// The time of the last change. Without it, now.
        #[example("2018-09-03T13:56:15.425284+08:00")]
        updated_at: optional(instant()),
    }
}

body! {
    /// A customer of an import, under its id. A field that is omitted stays as it is; a new customer has blank texts, the
    /// gender `unknown`, and has not agreed to advertising.
    pub(crate) struct CustomerImport {
        /// The shop's own id of the customer.
        id: Id = required(own_id()),
        /// The other fields.
        draft: CustomerDraft = flatten::<CustomerInput>(),
    }
}

/// Reads an import: customers with their ids, no id twice.
pub(crate) fn parse_import(body: &Value, zone: Tz) -> Checked<Vec<(Id, CustomerDraft)>> {
    let customers = items(body, MOST, |item| CustomerImport::parse(item, zone))?;
    let customers = unique_ids(customers, |customer| customer.id, "This customer stands in the list already.")?;
    Ok(customers.into_iter().map(|customer| (customer.id, customer.draft)).collect())
}
