//! Customers, under the shop's own ids: what the replies of points and codes nest.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use super::id::Id;

/// The longest mobile number, in characters.
pub const MOBILE_LENGTH: usize = 32;

/// A customer of a shop: the ten documented fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The shop's own.
    pub id: Id,
    /// May be blank.
    pub mobile: String,
    /// May be blank.
    pub full_name: String,
    /// An open string; `unknown` by default.
    pub gender: String,
    /// May be null.
    pub email: Option<String>,
    /// May be null.
    pub birthday: Option<NaiveDate>,
    /// The merchant's.
    pub note: String,
    /// Whether the customer agreed to advertising.
    pub accepts_marketing: bool,
    /// As the shop sent it, else when it was first stored here.
    pub created_at: DateTime<Utc>,
    /// As the shop sent it, else when it was last stored here.
    pub updated_at: DateTime<Utc>,
}

/// What the shop sends of a customer: an omitted field stays as it is, or takes its default in a new one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerDraft {
    /// See [`Customer`].
    pub mobile: Option<String>,
    /// See [`Customer`].
    pub full_name: Option<String>,
    /// See [`Customer`].
    pub gender: Option<String>,
    /// `Some(None)` clears it.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub email: Option<Option<String>>,
    /// `Some(None)` clears it.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub birthday: Option<Option<NaiveDate>>,
    /// See [`Customer`].
    pub note: Option<String>,
    /// See [`Customer`].
    pub accepts_marketing: Option<bool>,
    /// See [`Customer`].
    pub created_at: Option<DateTime<Utc>>,
    /// See [`Customer`].
    pub updated_at: Option<DateTime<Utc>>,
}

/// A field that is there is given, be it null.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl CustomerDraft {
    /// Whether a text stays as it is stored.
    pub fn omits_text(&self) -> bool {
        let texts = [&self.mobile, &self.full_name, &self.gender, &self.note];
        texts.iter().any(|text| text.is_none()) || self.email.is_none()
    }

    /// The customer `id` as it is after this draft was stored over `stored` at `now`.
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
