//! Orders as they stand on the wire: as the shop sent them, but for the customer, where the stored one wins.

use indexmap::IndexMap;
use serde_json::value::{RawValue, to_raw_value};

use crate::wire::customer::CustomerReply;
use domain::{error::Error, id::Id, order::Order};

/// The text of an order as it is stored: without blanks between its parts, and under the id of its path.
///
/// # Errors
/// [`Error::Parse`] where it is no JSON object.
pub fn body(id: Id, text: &str) -> Result<String, Error> {
    let unreadable = |error: serde_json::Error| Error::Parse(error.to_string());
    let compact = without_blanks(text);
    let mut fields: IndexMap<String, Box<RawValue>> = serde_json::from_str(&compact).map_err(unreadable)?;
    let id = to_raw_value(&id).map_err(unreadable)?;
    match fields.get_mut("id") {
        Some(stored) => *stored = id,
        None => {
            fields.shift_insert(0, "id".to_owned(), id);
        }
    }
    serde_json::to_string(&fields).map_err(unreadable)
}

/// JSON text without the blanks outside of its strings.
fn without_blanks(text: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let kept = |letter: &char| {
        let keep = inside || !matches!(letter, ' ' | '\t' | '\n' | '\r');
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = inside,
            '"' => inside = !inside,
            _ => {}
        }
        keep
    };
    text.chars().filter(kept).collect()
}

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
