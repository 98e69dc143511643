//! Customers, under the shop's own ids. Point entries and coupon codes show their customer in full
//! (docs/api/customers.md).

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use crate::id::Id;

/// Longest mobile number, in characters.
pub const MOBILE_LENGTH: usize = 32;

/// A customer of a shop, with the ten documented fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Id chosen by the shop.
    pub id: Id,
    /// Mobile number; may be blank.
    pub mobile: String,
    /// Full name; may be blank.
    pub full_name: String,
    /// Gender as free text; `unknown` by default.
    pub gender: String,
    /// E-mail address; may be null.
    pub email: Option<String>,
    /// Birthday; may be null.
    pub birthday: Option<NaiveDate>,
    /// Note that the merchant writes.
    pub note: String,
    /// True if the customer agreed to advertising.
    pub accepts_marketing: bool,
    /// Time of creation: the time that the shop sent, or else the time when the customer was first stored here.
    pub created_at: DateTime<Utc>,
    /// Time of the last change: the time that the shop sent, or else the time when the customer was last stored here.
    pub updated_at: DateTime<Utc>,
}

/// The fields of a customer that a shop sends. An omitted field keeps its value; in a new customer it takes its
/// default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerDraft {
    /// New mobile number ([`Customer::mobile`]).
    pub mobile: Option<String>,
    /// New full name ([`Customer::full_name`]).
    pub full_name: Option<String>,
    /// New gender ([`Customer::gender`]).
    pub gender: Option<String>,
    /// New e-mail address ([`Customer::email`]); `Some(None)` clears it.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub email: Option<Option<String>>,
    /// New birthday ([`Customer::birthday`]); `Some(None)` clears it.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub birthday: Option<Option<NaiveDate>>,
    /// New merchant's note ([`Customer::note`]).
    pub note: Option<String>,
    /// New consent to advertising ([`Customer::accepts_marketing`]).
    pub accepts_marketing: Option<bool>,
    /// New time of creation ([`Customer::created_at`]).
    pub created_at: Option<DateTime<Utc>>,
    /// New time of the last change ([`Customer::updated_at`]).
    pub updated_at: Option<DateTime<Utc>>,
}

/// Reads a field that is present, so that null differs from an omitted field.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl CustomerDraft {
    /// Returns true if at least one text field is omitted. Such a draft keeps a stored text.
    pub fn omits_text(&self) -> bool {
        let texts = [&self.mobile, &self.full_name, &self.gender, &self.note];
        texts.iter().any(|text| text.is_none()) || self.email.is_none()
    }

    /// Returns customer `id` after this draft is stored over `stored` at `now`.
    pub fn over(self, id: Id, stored: Option<&Customer>, now: DateTime<Utc>) -> Customer {
        let stored = stored.cloned().unwrap_or_else(|| Customer {
            id,
            mobile: String::new(),
            full_name: String::new(),
            gender: "unknown".to_owned(),
            email: None,
            birthday: None,
            note: String::new(),
            accepts_marketing: false,
            created_at: now,
            updated_at: now,
        });
        Customer {
            id,
            mobile: self.mobile.unwrap_or(stored.mobile),
            full_name: self.full_name.unwrap_or(stored.full_name),
            gender: self.gender.unwrap_or(stored.gender),
            email: self.email.unwrap_or(stored.email),
            birthday: self.birthday.unwrap_or(stored.birthday),
            note: self.note.unwrap_or(stored.note),
            accepts_marketing: self.accepts_marketing.unwrap_or(stored.accepts_marketing),
            created_at: self.created_at.unwrap_or(stored.created_at),
            updated_at: self.updated_at.unwrap_or(now),
        }
    }
}
