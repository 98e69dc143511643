//! Validation of bodies as Django REST framework's serializers do it: every field is checked, and all errors are
//! answered at once, in its words.

use std::{borrow::Cow, ops::RangeInclusive};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Map, Value};

use domain::{
    error::FieldErrors,
    id::{Id, MAX_ID},
    money::{Hundredths, MAX_DIGITS, MAX_PLACES, NotAnAmount},
    timestamp,
};

/// What is wrong with one value.
pub type Checked<T> = Result<T, FieldErrors>;

fn wrong<T>(message: impl Into<Cow<'static, str>>) -> Checked<T> {
    Err(FieldErrors::message(message))
}

/// Python's name of a JSON type, which DRF's messages show.
fn type_name(value: &Value) -> &'static str {
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

/// The fields of a JSON object, checked one after the other.
#[derive(Debug)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    errors: Vec<(Cow<'static, str>, FieldErrors)>,
}

impl<'a> Fields<'a> {
    /// The fields of a body.
    pub fn of(body: &'a Value) -> Checked<Self> {
        match body {
            Value::Object(object) => Ok(Self { object, errors: Vec::new() }),
            Value::Null => Err(FieldErrors::non_field("No data provided")),
            other => {
                let message = format!("Invalid data. Expected a dictionary, but got {}.", type_name(other));
                Err(FieldErrors::non_field(message))
            }
        }
    }

    /// Notes an error of a field.
    pub fn reject(&mut self, name: &'static str, message: impl Into<Cow<'static, str>>) {
        self.errors.push((name.into(), FieldErrors::message(message)));
    }

    fn check<T>(&mut self, name: &'static str, value: &Value, check: impl FnOnce(&Value) -> Checked<T>) -> Option<T> {
        check(value).map_err(|errors| self.errors.push((name.into(), errors))).ok()
    }

    /// A field that must be there.
    pub fn required<T>(&mut self, name: &'static str, check: impl FnOnce(&Value) -> Checked<T>) -> Option<T> {
        if self.object.contains_key(name) {
            return self.optional(name, check);
        }
        self.reject(name, "This field is required.");
        None
    }

    /// A field that may be omitted but not null.
    pub fn optional<T>(&mut self, name: &'static str, check: impl FnOnce(&Value) -> Checked<T>) -> Option<T> {
        match self.object.get(name)? {
            Value::Null => {
                self.reject(name, "This field may not be null.");
                None
            }
            value => self.check(name, value, check),
        }
    }

    /// A field that may be omitted, or null: `Some(None)`.
    pub fn nullable<T>(&mut self, name: &'static str, check: impl FnOnce(&Value) -> Checked<T>) -> Option<Option<T>> {
        match self.object.get(name)? {
            Value::Null => Some(None),
            value => self.check(name, value, check).map(Some),
        }
    }

    /// A relation that may be omitted, or none: null or an empty text.
    pub fn relation_or_none(&mut self, name: &'static str) -> Option<Id> {
        let value = self.object.get(name).filter(|value| **value != "")?;
        if value.is_null() { None } else { self.check(name, value, relation) }
    }

    /// Sets what an optional field says; null is an error.
    pub fn set<T>(&mut self, name: &'static str, target: &mut T, check: impl FnOnce(&Value) -> Checked<T>) {
        if let Some(value) = self.optional(name, check) {
            *target = value;
        }
    }

    /// Sets what a required field says.
    pub fn set_required<T>(&mut self, name: &'static str, target: &mut T, check: impl FnOnce(&Value) -> Checked<T>) {
        if let Some(value) = self.required(name, check) {
            *target = value;
        }
    }

    /// Sets what an optional field says; null clears it.
    pub fn clear_or_set<T>(
        &mut self,
        name: &'static str,
        target: &mut Option<T>,
        check: impl FnOnce(&Value) -> Checked<T>,
    ) {
        if let Some(value) = self.nullable(name, check) {
            *target = value;
        }
    }

    /// What is wrong so far, for a caller who has more to say; nothing where all is well.
    pub fn errors(self) -> FieldErrors {
        FieldErrors::Fields(self.errors)
    }

    /// What `make` makes of the fields, unless one of them was wrong. `make` answers `None` only where a required field
    /// is missing, and that was noted.
    pub fn build<T>(self, make: impl FnOnce() -> Option<T>) -> Checked<T> {
        match make() {
            Some(made) if self.errors.is_empty() => Ok(made),
            _ => Err(FieldErrors::Fields(self.errors)),
        }
    }
}

/// The items of a list body, each checked; the errors are aligned with the input.
///
/// # Errors
/// Also where the body is no list, empty, or longer than `most`.
pub fn items<T>(body: &Value, most: usize, check: impl FnMut(&Value) -> Checked<T>) -> Checked<Vec<T>> {
    if body.as_array().is_some_and(Vec::is_empty) {
        return Err(FieldErrors::non_field("This list may not be empty."));
    }
    objects(body, most, check)
}

/// The same for a list that may be empty, such as one that is nested in a body.
///
/// # Errors
/// Also where it is no list, or longer than `most`.
pub fn objects<T>(list: &Value, most: usize, mut check: impl FnMut(&Value) -> Checked<T>) -> Checked<Vec<T>> {
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

/// Text as it is after trimming; numbers are coerced.
fn trimmed(value: &Value) -> Checked<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return wrong("Not a valid string."),
    };
    if text.contains('\0') { wrong("Null characters are not allowed.") } else { Ok(text) }
}

/// Text of at most `most` characters, trimmed; blank where `blank`.
pub fn text(most: usize, blank: bool) -> impl Fn(&Value) -> Checked<String> {
    move |value| {
        let text = trimmed(value)?;
        if text.is_empty() && !blank {
            return wrong("This field may not be blank.");
        }
        if text.chars().count() > most {
            return wrong(format!("Ensure this field has no more than {most} characters."));
        }
        Ok(text)
    }
}

/// The whole number that a value is: `1`, `1.0`, `"1"` and `"1.0"`. Far outside of 64 bits it saturates.
fn whole(value: &Value) -> Option<i128> {
    let text = match value {
        Value::Number(number) => {
            if let Some(whole) = number.as_i64() {
                return Some(whole.into());
            }
            if let Some(whole) = number.as_u64() {
                return Some(whole.into());
            }
            let float = number.as_f64()?;
            return (float.fract() == 0.0)
                .then(|| float.to_i128().unwrap_or(if float < 0.0 { i128::MIN } else { i128::MAX }));
        }
        Value::String(text) => text.trim(),
        _ => return None,
    };
    let (digits, zeros) = text.split_once('.').unwrap_or((text, ""));
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let plain = !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || !zeros.bytes().all(|byte| byte == b'0') || text.len() > 1000 {
        return None;
    }
    Some(digits.parse().unwrap_or(if digits.starts_with('-') { i128::MIN } else { i128::MAX }))
}

/// A whole number in a range.
pub fn integer<T>(range: RangeInclusive<T>) -> impl Fn(&Value) -> Checked<T>
where
    T: Copy + Into<i128> + TryFrom<i128> + std::fmt::Display,
{
    move |value| {
        let Some(number) = whole(value) else { return wrong("A valid integer is required.") };
        if number > (*range.end()).into() {
            return wrong(format!("Ensure this value is less than or equal to {}.", range.end()));
        }
        match T::try_from(number) {
            Ok(inside) if number >= (*range.start()).into() => Ok(inside),
            _ => wrong(format!("Ensure this value is greater than or equal to {}.", range.start())),
        }
    }
}

/// A float in a range, as the exact decimal of its shortest notation.
pub fn float(range: RangeInclusive<u32>) -> impl Fn(&Value) -> Checked<Decimal> {
    move |value| {
        let float = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let Some(float) = float.filter(|float: &f64| float.is_finite()) else {
            return wrong("A valid number is required.");
        };
        if float > (*range.end()).into() {
            return wrong(format!("Ensure this value is less than or equal to {}.", range.end()));
        }
        if float < (*range.start()).into() {
            return wrong(format!("Ensure this value is greater than or equal to {}.", range.start()));
        }
        match float.to_string().parse::<Decimal>() {
            Ok(decimal) => Ok(decimal.normalize()),
            Err(_) => wrong("A valid number is required."),
        }
    }
}

/// An amount of at most 12 digits with two places, exact.
pub fn decimal(value: &Value) -> Checked<Hundredths> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return wrong("A valid number is required."),
    };
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    match text.parse() {
        Ok(amount) if plain => Ok(amount),
        Err(NotAnAmount::Digits) => wrong(format!("Ensure that there are no more than {MAX_DIGITS} digits in total.")),
        Err(NotAnAmount::Places) => wrong(format!("Ensure that there are no more than {MAX_PLACES} decimal places.")),
        Err(NotAnAmount::WholeDigits) => {
            let whole = MAX_DIGITS - MAX_PLACES;
            wrong(format!("Ensure that there are no more than {whole} digits before the decimal point."))
        }
        _ => wrong("A valid number is required."),
    }
}

/// An amount that is not negative.
pub fn positive_or_zero(value: &Value) -> Checked<Hundredths> {
    let amount = decimal(value)?;
    if amount.0 < 0 { wrong("Ensure this value is greater than or equal to 0.") } else { Ok(amount) }
}

/// One of these names.
pub fn choice<T: Copy>(choices: &'static [(&'static str, T)]) -> impl Fn(&Value) -> Checked<T> {
    move |value| {
        let known = value.as_str().and_then(|text| choices.iter().find(|(name, _)| *name == text));
        known.map(|(_, choice)| *choice).ok_or_else(|| not_a_choice(value))
    }
}

/// The most characters of a value that an error shows: what is sent can be larger than a reply may be.
const SHOWN: usize = 255;

/// This value is none of the choices.
pub fn not_a_choice(value: &Value) -> FieldErrors {
    let text = value.as_str().map_or_else(|| Cow::from(value.to_string()), Cow::from);
    let end = text.char_indices().nth(SHOWN).map(|(end, _)| end);
    let (shown, more) = end.map_or((&*text, ""), |end| (&text[..end], "..."));
    FieldErrors::message(format!("\"{shown}{more}\" is not a valid choice."))
}

/// A list of at most `most` items, each checked; the errors stand under the numbers of the items.
pub fn list<T>(most: usize, check: impl Fn(&Value) -> Checked<T>) -> impl Fn(&Value) -> Checked<Vec<T>> {
    move |value| {
        let Value::Array(items) = value else {
            return wrong(format!("Expected a list of items but got type \"{}\".", type_name(value)));
        };
        if items.len() > most {
            return wrong(format!("Ensure this field has no more than {most} elements."));
        }
        let (mut checked, mut errors) = (Vec::with_capacity(items.len()), Vec::new());
        for (index, item) in items.iter().enumerate() {
            let result = if item.is_null() { wrong("This field may not be null.") } else { check(item) };
            match result {
                Ok(value) => checked.push(value),
                Err(error) => errors.push((index.to_string().into(), error)),
            }
        }
        if errors.is_empty() { Ok(checked) } else { Err(FieldErrors::Fields(errors)) }
    }
}

/// A boolean in one of the notations that DRF takes.
pub fn boolean(value: &Value) -> Checked<bool> {
    let text = match value {
        Value::Bool(boolean) => return Ok(*boolean),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_lowercase(),
        _ => String::new(),
    };
    match text.as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" | "1.0" => Ok(true),
        "false" | "f" | "no" | "n" | "off" | "0" | "0.0" => Ok(false),
        _ => wrong("Must be a valid boolean."),
    }
}

/// An instant; a naive one is in `zone`.
pub fn instant(zone: Tz) -> impl Fn(&Value) -> Checked<DateTime<Utc>> {
    move |value| {
        let parsed = value.as_str().and_then(|text| timestamp::parse(text, zone));
        parsed.ok_or_else(|| {
            FieldErrors::message(
                "Datetime has wrong format. Use one of these formats instead: \
                 YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].",
            )
        })
    }
}

/// A date.
pub fn date(value: &Value) -> Checked<NaiveDate> {
    let parsed = value.as_str().and_then(|text| timestamp::parse_date(text.trim()));
    parsed.ok_or_else(|| FieldErrors::message("Date has wrong format. Use one of these formats instead: YYYY-MM-DD."))
}

/// The id of a row that this one refers to. Whether there is one is for the caller to see: [`missing`]. An empty text is
/// null, as for the relations of Django REST framework.
pub fn relation(value: &Value) -> Checked<Id> {
    match value {
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            wrong(format!("Incorrect type. Expected pk value, received {}.", type_name(value)))
        }
        Value::Null => wrong("This field may not be null."),
        Value::String(text) if text.is_empty() => wrong("This field may not be null."),
        Value::Number(_) | Value::String(_) => match whole(value) {
            Some(number) => match Id::try_from(number) {
                Ok(id) if (1..=MAX_ID).contains(&id) => Ok(id),
                _ => Err(FieldErrors::no_row(value.as_str().map_or_else(|| value.to_string(), str::to_owned))),
            },
            None if value.is_number() => wrong("Incorrect type. Expected pk value, received float."),
            None => wrong("Incorrect type. Expected pk value, received str."),
        },
    }
}

/// The row that a field of a body names, with the field; also where something else is wrong with the body.
pub fn named(body: &Value, field: &'static str) -> Option<(&'static str, Id)> {
    Some((field, relation(body.get(field)?).ok()?))
}

/// An id that the shop brings.
pub fn own_id(value: &Value) -> Checked<Id> {
    integer(1..=MAX_ID)(value)
}
