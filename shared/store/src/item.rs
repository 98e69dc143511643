//! Items of the table as DynamoDB sees them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::keys::{self, Key};

/// One item of the table: its attributes by name.
pub type Item = HashMap<String, AttributeValue>;

/// Values of an expression, by their placeholders such as `:by`.
pub type Values = Vec<(&'static str, AttributeValue)>;

/// Returns a number attribute.
pub fn n(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Returns a string attribute.
pub fn s(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// Returns the attributes of a primary key.
pub fn key_attributes(key: &Key) -> Item {
    HashMap::from([(keys::PK.to_owned(), s(&key.pk)), (keys::SK.to_owned(), s(&key.sk))])
}
