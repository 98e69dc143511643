//! Orders as they stand on the wire: as the shop sent them, but for the customer, where the stored one wins.

use indexmap::IndexMap;
use serde_json::value::{RawValue, to_raw_value};

use super::customer::CustomerReply;
use crate::{domain::order::Order, error::Error};

/// The order's JSON, with its keys in their order and its numbers as they came.
///
/// # Errors
/// [`Error::Internal`] where what is stored is no object.
pub fn render(order: &Order, customer: Option<&CustomerReply>) -> Result<Box<RawValue>, Error> {
    let unreadable = |error: serde_json::Error| Error::Internal(format!("order {}: {error}", order.id));
    let mut fields: IndexMap<String, Box<RawValue>> = serde_json::from_str(&order.body).map_err(unreadable)?;
    if let Some(customer) = customer {
        fields.insert("customer".to_owned(), to_raw_value(customer).map_err(unreadable)?);
    }
    to_raw_value(&fields).map_err(unreadable)
}
