//! Whole numbers, numbers, amounts and ids.

use std::{fmt, ops::RangeInclusive};

use chrono_tz::Tz;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::Value;
use utoipa::openapi::{KnownFormat, Ref, RefOr, Schema, SchemaFormat, Type, schema::SchemaType};

use crate::http::{
    checked::{Checked, type_name, wrong},
    kinds::kind::{Component, Components, Kind, known, of_type},
};
use domain::{
    error::FieldErrors,
    id::{Id, MAX_ID},
    money::{Hundredths, MAX_DIGITS, MAX_PLACES, NotAnAmount},
};

/// Returns the whole number that a value is: `1`, `1.0`, `"1"` and `"1.0"`. It saturates far outside of 64 bits.
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

/// A whole number, see [`integer`].
#[derive(Debug)]
pub struct Integer<T> {
    range: RangeInclusive<T>,
    is_text_too: bool,
}

/// Takes a whole number in a range, in any notation of a whole number.
pub fn integer<T>(range: RangeInclusive<T>) -> Integer<T> {
    Integer { range, is_text_too: false }
}

impl<T> Integer<T> {
    /// Describes the number as a text of digits too, because replies show it as one and what was read can be sent.
    #[must_use]
    pub fn or_digits(self) -> Self {
        Self { is_text_too: true, ..self }
    }
}

impl<T: Copy + Into<i128> + TryFrom<i128> + fmt::Display> Kind for Integer<T> {
    type Value = T;

    fn check(&self, value: &Value, _: Tz) -> Checked<T> {
        let Some(number) = whole(value) else { return wrong("A valid integer is required.") };
        let (least, most) = (*self.range.start(), *self.range.end());
        if number > most.into() {
            return wrong(format!("Ensure this value is less than or equal to {most}."));
        }
        match T::try_from(number) {
            Ok(inside) if number >= least.into() => Ok(inside),
            _ => wrong(format!("Ensure this value is greater than or equal to {least}.")),
        }
    }

    fn schema(&self) -> RefOr<Schema> {
        let (least, most): (i128, i128) = ((*self.range.start()).into(), (*self.range.end()).into());
        let is_short = i32::try_from(least).is_ok() && i32::try_from(most).is_ok();
        let format = if is_short { KnownFormat::Int32 } else { KnownFormat::Int64 };
        let numbers_alone = SchemaType::Type(Type::Integer);
        let types = SchemaType::Array(vec![Type::Integer, Type::String]);
        of_type(if self.is_text_too { types } else { numbers_alone })
            .format(known(format))
            .minimum(least.to_isize())
            .maximum(most.to_isize())
            .pattern(self.is_text_too.then_some("^[0-9]+$"))
            .into()
    }
}

/// A number, see [`float`].
#[derive(Debug)]
pub struct Float(RangeInclusive<u32>);

/// Takes a number in a range and parses it as it was written: 0.1 stays 0.1.
pub fn float(range: RangeInclusive<u32>) -> Float {
    Float(range)
}

impl Kind for Float {
    type Value = Decimal;

    fn check(&self, value: &Value, _: Tz) -> Checked<Decimal> {
        let float = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let Some(float) = float.filter(|float: &f64| float.is_finite()) else {
            return wrong("A valid number is required.");
        };
        let (least, most) = (*self.0.start(), *self.0.end());
        if float > most.into() {
            return wrong(format!("Ensure this value is less than or equal to {most}."));
        }
        if float < least.into() {
            return wrong(format!("Ensure this value is greater than or equal to {least}."));
        }
        match float.to_string().parse::<Decimal>() {
            Ok(decimal) => Ok(decimal.normalize()),
            Err(_) => wrong("A valid number is required."),
        }
    }

    fn schema(&self) -> RefOr<Schema> {
        let (least, most) = (*self.0.start(), *self.0.end());
        of_type(Type::Number).format(known(KnownFormat::Double)).minimum(Some(least)).maximum(Some(most)).into()
    }
}

/// An amount, see [`decimal`].
#[derive(Debug)]
pub struct Amount {
    is_negative_too: bool,
}

/// Takes an amount of at most 12 digits with two places, exact: a text, or a number.
pub fn decimal() -> Amount {
    Amount { is_negative_too: true }
}

/// Takes an amount that is not negative.
pub fn positive_or_zero() -> Amount {
    Amount { is_negative_too: false }
}

impl Kind for Amount {
    type Value = Hundredths;

    fn check(&self, value: &Value, _: Tz) -> Checked<Hundredths> {
        let text = match value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.trim().to_owned(),
            _ => return wrong("A valid number is required."),
        };
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        match text.parse::<Hundredths>() {
            Ok(amount) if plain && amount.0 < 0 && !self.is_negative_too => {
                wrong("Ensure this value is greater than or equal to 0.")
            }
            Ok(amount) if plain => Ok(amount),
            Err(NotAnAmount::Digits) => {
                wrong(format!("Ensure that there are no more than {MAX_DIGITS} digits in total."))
            }
            Err(NotAnAmount::Places) => {
                wrong(format!("Ensure that there are no more than {MAX_PLACES} decimal places."))
            }
            Err(NotAnAmount::WholeDigits) => {
                let whole = MAX_DIGITS - MAX_PLACES;
                wrong(format!("Ensure that there are no more than {whole} digits before the decimal point."))
            }
            _ => wrong("A valid number is required."),
        }
    }

    fn schema(&self) -> RefOr<Schema> {
        let whole = MAX_DIGITS - MAX_PLACES;
        let most = 10f64.powi(MAX_DIGITS as i32) - 1.0;
        let most = most / 10f64.powi(MAX_PLACES as i32);
        let (sign, least) = if self.is_negative_too { ("-?", -most) } else { ("", 0.0) };
        of_type(SchemaType::Array(vec![Type::String, Type::Number]))
            .format(Some(SchemaFormat::Custom("decimal".to_owned())))
            .pattern(Some(format!(r"^{sign}[0-9]{{1,{whole}}}(\.[0-9]{{1,{MAX_PLACES}}})?$")))
            .minimum(Some(least))
            .maximum(Some(most))
            .into()
    }
}

/// The name of the component of ids.
const ID: &str = "Id";

/// Returns the component of ids.
pub fn id_component() -> Component {
    let told = "An id: a positive integer up to 2^53-1, unique in the shop and for its resource.";
    let schema = match integer(1..=MAX_ID).schema() {
        RefOr::T(Schema::Object(mut object)) => {
            object.description = Some(told.to_owned());
            object.into()
        }
        other => other,
    };
    (ID.to_owned(), schema)
}

/// An id, see [`own_id`].
#[derive(Debug)]
pub struct OwnId;

/// Takes an id that the shop brings.
pub fn own_id() -> OwnId {
    OwnId
}

impl Kind for OwnId {
    type Value = Id;

    fn check(&self, value: &Value, zone: Tz) -> Checked<Id> {
        integer(1..=MAX_ID).check(value, zone)
    }

    fn schema(&self) -> RefOr<Schema> {
        Ref::from_schema_name(ID).into()
    }

    fn components(&self, components: &mut Components) {
        components.push(id_component());
    }
}

/// A reference, see [`relation`].
#[derive(Debug)]
pub struct Relation;

/// Takes the id of a row that this one refers to. The caller checks that there is such a row. An empty text is null, as for the
/// relations of Django REST framework.
pub fn relation() -> Relation {
    Relation
}

impl Kind for Relation {
    type Value = Id;

    fn check(&self, value: &Value, _: Tz) -> Checked<Id> {
        match value {
            Value::Number(_) | Value::String(_) => match whole(value) {
                Some(number) => match Id::try_from(number) {
                    Ok(id) if (1..=MAX_ID).contains(&id) => Ok(id),
                    _ => Err(FieldErrors::no_row(value.as_str().map_or_else(|| value.to_string(), str::to_owned))),
                },
                None if value.is_number() => wrong("Incorrect type. Expected pk value, received float."),
                None => wrong("Incorrect type. Expected pk value, received str."),
            },
            other => wrong(format!("Incorrect type. Expected pk value, received {}.", type_name(other))),
        }
    }

    fn schema(&self) -> RefOr<Schema> {
        OwnId.schema()
    }

    fn components(&self, components: &mut Components) {
        OwnId.components(components);
    }

    fn is_null(&self, value: &Value) -> bool {
        value.is_null() || value == ""
    }
}
