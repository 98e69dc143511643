//! Customers, under the shop's own ids.

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::{
    Change, Client, Error, List, Nullable, Page, Row,
    call::Call,
    operations::{CUSTOMER_GET, CUSTOMER_IMPORT, CUSTOMER_LIST, CUSTOMER_PUT},
};

/// A customer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The shop's own.
    pub id: u64,
    /// May be blank.
    pub mobile: String,
    /// May be blank.
    pub full_name: String,
    /// `unknown` where nothing was sent; any text of up to 16 characters.
    pub gender: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The day of birth.
    pub birthday: Option<NaiveDate>,
    /// The merchant's.
    pub note: String,
    /// Whether the customer agreed to advertising.
    pub accepts_marketing: bool,
    /// As the shop sent it, else when it was first stored.
    pub created_at: DateTime<FixedOffset>,
    /// As the shop sent it, else when it was last stored.
    pub updated_at: DateTime<FixedOffset>,
}

impl std::fmt::Debug for Customer {
    /// The id alone: who logs a customer does not want a mobile number in the log.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Customer").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Row for Customer {
    fn id(&self) -> u64 {
        self.id
    }
}

/// A customer as it is sent: what is left out takes its default in a new one, and stays as it is in one that is there.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
pub struct CustomerInput {
    /// The shop's own: needed in an import; in a PUT the call's counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Up to 32 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// Up to 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// 1 to 16 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// Up to 254 characters.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub email: Nullable<String>,
    /// The day of birth.
    #[serde(skip_serializing_if = "Nullable::is_keep")]
    pub birthday: Nullable<NaiveDate>,
    /// Up to 2,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether the customer agreed to advertising.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepts_marketing: Option<bool>,
    /// When the shop first knew the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<FixedOffset>>,
    /// When the shop last changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<DateTime<FixedOffset>>,
}

impl std::fmt::Debug for CustomerInput {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CustomerInput").field("id", &self.id).finish_non_exhaustive()
    }
}

impl CustomerInput {
    /// A customer with this id and number; the rest stands in the fields.
    pub fn new(id: u64, mobile: impl Into<String>) -> Self {
        Self { id: Some(id), mobile: Some(mobile.into()), ..Self::default() }
    }
}

impl List<Customer> {
    /// Only this customer.
    pub fn id(self, id: u64) -> Self {
        self.set("id", id)
    }

    /// Only these, at most 100.
    pub fn id_in(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.set_any("id__in", ids)
    }

    /// Only those with exactly this number.
    pub fn mobile(self, mobile: &str) -> Self {
        self.set("mobile", mobile)
    }
}

impl Client {
    /// The customers: those that came here last first, unless [`order_by`](List::order_by) says otherwise.
    pub fn customer_list(&self) -> List<Customer> {
        List::new(self, CUSTOMER_LIST)
    }

    /// Imports 1 to 1,000 customers, all or none; one that is there is replaced.
    pub fn customer_import(&self, customers: &[CustomerInput]) -> Change<Page<Customer>> {
        Change::new(self, Call::new(CUSTOMER_IMPORT, "").with(customers))
    }

    /// A customer.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn customer_get(&self, id: u64) -> Result<Customer, Error> {
        self.read(Call::new(CUSTOMER_GET, id)).await
    }

    /// Creates or replaces a customer.
    pub fn customer_put(&self, id: u64, customer: &CustomerInput) -> Change<Customer> {
        Change::new(self, Call::new(CUSTOMER_PUT, id).with(customer))
    }
}
