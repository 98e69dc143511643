//! Checked values and their errors, in the shapes and words of Django REST framework's serializers
//! (docs/api/errors.md).

use std::{borrow::Cow, collections::HashSet};

use serde_json::Value;

use domain::{error::FieldErrors, id::Id};

/// A checked value, or its errors.
pub type Checked<T> = Result<T, FieldErrors>;

/// An error of one message.
pub(super) fn wrong<T>(message: impl Into<Cow<'static, str>>) -> Checked<T> {
    Err(FieldErrors::message(message))
}

/// Returns Python's name of a JSON type, which DRF's messages show.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// Reads the items of a list body; the errors are aligned with the input.
///
/// # Errors
/// Also where the body is no list, empty, or longer than `most`.
pub fn items<T>(body: &Value, most: usize, check: impl FnMut(&Value) -> Checked<T>) -> Checked<Vec<T>> {
    if body.as_array().is_some_and(Vec::is_empty) {
        return Err(FieldErrors::non_field("This list may not be empty."));
    }
    objects(body, most, check)
}

/// Like [`items`] for a list that may be empty, such as one that is nested in a body.
pub(super) fn objects<T>(list: &Value, most: usize, mut check: impl FnMut(&Value) -> Checked<T>) -> Checked<Vec<T>> {
    let Value::Array(items) = list else {
        let message = format!("Expected a list of items but got type \"{}\".", type_name(list));
        return Err(FieldErrors::non_field(message));
    };
    if items.len() > most {
        return Err(FieldErrors::non_field(format!("Ensure this field has no more than {most} elements.")));
    }
    let mut checked = Vec::with_capacity(items.len());
    let mut errors = Vec::with_capacity(items.len());
    for item in items {
        match check(item) {
            Ok(value) => {
                checked.push(value);
                errors.push(FieldErrors::NONE);
            }
            Err(error) => errors.push(error),
        }
    }
    if checked.len() == items.len() { Ok(checked) } else { Err(FieldErrors::Items(errors)) }
}

/// Returns the items of a body where no two have the same id; else `message` under the `id` of each that repeats one.
pub fn unique_ids<T>(items: Vec<T>, id: impl Fn(&T) -> Id, message: &'static str) -> Checked<Vec<T>> {
    let mut ids = HashSet::new();
    let error = |item: &T| match ids.insert(id(item)) {
        true => FieldErrors::NONE,
        false => FieldErrors::field("id", message),
    };
    let errors = FieldErrors::Items(items.iter().map(error).collect());
    if errors.is_empty() { Ok(items) } else { Err(errors) }
}
