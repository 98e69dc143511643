//! Customers, with the shop's own ids.

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::{
    Change, Client, Error, List, Nullable, Page, Row,
    call::Call,
    operations::{CUSTOMER_GET, CUSTOMER_IMPORT, CUSTOMER_LIST, CUSTOMER_PUT},
};

/// A customer of the shop.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The shop's own id of the customer.
    pub id: u64,
    /// The mobile number, which may be empty.
    pub mobile: String,
    /// The full name, which may be empty.
    pub full_name: String,
    /// The gender: a text of up to 16 characters, `unknown` by default.
    pub gender: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The day of birth.
    pub birthday: Option<NaiveDate>,
    /// The merchant's note about the customer.
    pub note: String,
    /// True if the customer agreed to advertising.
    pub accepts_marketing: bool,
    /// The time that the shop sent, or the time at which the customer was first stored.
    pub created_at: DateTime<FixedOffset>,
    /// The time that the shop sent, or the time at which the customer was last stored.
    pub updated_at: DateTime<FixedOffset>,
}

impl std::fmt::Debug for Customer {
    /// Shows only the id, so that a log has no mobile number.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Customer").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Row for Customer {
    fn id(&self) -> u64 {
        self.id
    }
}

/// The body to create or update a customer. A field that is left out gets its default in a new customer, and does not
/// change in a stored one.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
pub struct CustomerInput {
    /// The shop's own id. It is required in an import; a PUT takes the id of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The mobile number: up to 32 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// The full name: up to 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// The gender: 1 to 16 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// The e-mail address: up to 254 characters.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub email: Nullable<String>,
    /// The day of birth.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub birthday: Nullable<NaiveDate>,
    /// The merchant's note: up to 2,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Set if the customer agreed to advertising.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepts_marketing: Option<bool>,
    /// The time at which the shop first knew the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<FixedOffset>>,
    /// The time at which the shop last changed the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<DateTime<FixedOffset>>,
}

impl std::fmt::Debug for CustomerInput {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CustomerInput").field("id", &self.id).finish_non_exhaustive()
    }
}

impl CustomerInput {
    /// Returns a customer with this id and mobile number. Set further fields directly.
    pub fn new(id: u64, mobile: impl Into<String>) -> Self {
        Self { id: Some(id), mobile: Some(mobile.into()), ..Self::default() }
    }
}

impl List<Customer> {
    /// Selects the customer with this id.
    pub fn id(self, id: u64) -> Self {
        self.set("id", id)
    }

    /// Selects the customers with these ids, at most 100.
    pub fn id_in(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.set_any("id__in", ids)
    }

    /// Selects the customers with exactly this mobile number.
    pub fn mobile(self, mobile: &str) -> Self {
        self.set("mobile", mobile)
    }
}

impl Client {
    /// Lists the customers. Those that were stored last come first, unless [`order_by`](List::order_by) sets another
    /// order.
    pub fn customer_list(&self) -> List<Customer> {
        List::new(self, CUSTOMER_LIST)
    }

    /// Imports 1 to 1,000 customers, all or none. A stored customer with the same id is updated.
    pub fn customer_import(&self, customers: &[CustomerInput]) -> Change<Page<Customer>> {
        Change::new(self, Call::new(CUSTOMER_IMPORT, "").with(customers))
    }

    /// Reads the customer with this id.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn customer_get(&self, id: u64) -> Result<Customer, Error> {
        self.read(Call::new(CUSTOMER_GET, id)).await
    }

    /// Creates or updates a customer.
    pub fn customer_put(&self, id: u64, customer: &CustomerInput) -> Change<Customer> {
        Change::new(self, Call::new(CUSTOMER_PUT, id).with(customer))
    }
}
