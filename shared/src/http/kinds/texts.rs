//! Texts, choices, booleans and times.

use std::{borrow::Cow, ops::RangeInclusive};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{KnownFormat, Ref, RefOr, Schema, Type},
};

use crate::http::{
    checked::{Checked, wrong},
    kinds::kind::{Component, Components, Kind, known, of_type},
};
use domain::{error::FieldErrors, timestamp};

/// Text, see [`text`].
#[derive(Debug)]
pub struct Text {
    length: RangeInclusive<usize>,
    pattern: Option<&'static str>,
}

/// Takes text of so many characters after trimming. Numbers are coerced. A range from 0 takes blank text.
pub fn text(length: RangeInclusive<usize>) -> Text {
    Text { length, pattern: None }
}

impl Text {
    /// Describes the text by a regular expression too. A check of it is to follow with [`Kind::then`].
    #[must_use]
    pub fn like(self, pattern: &'static str) -> Self {
        Self { pattern: Some(pattern), ..self }
    }
}

impl Kind for Text {
    type Value = String;

    fn check(&self, value: &Value, _: Tz) -> Checked<String> {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return wrong("Not a valid string."),
        };
        if text.contains('\0') {
            return wrong("Null characters are not allowed.");
        }
        let (least, most) = (*self.length.start(), *self.length.end());
        if text.is_empty() && least > 0 {
            return wrong("This field may not be blank.");
        }
        if text.chars().count() > most {
            return wrong(format!("Ensure this field has no more than {most} characters."));
        }
        Ok(text)
    }

    fn schema(&self) -> RefOr<Schema> {
        let (least, most) = (*self.length.start(), *self.length.end());
        let least = Some(least).filter(|least| *least > 0);
        of_type(Type::String).min_length(least).max_length(Some(most)).pattern(self.pattern).into()
    }
}

/// One of several names, see [`choice`] and [`names`].
#[derive(Debug)]
pub struct Choice<T: 'static> {
    choices: &'static [(&'static str, T)],
    component: Option<fn() -> Component>,
}

/// Takes one of the names of an enumeration, which is a component of the description.
pub fn choice<T: ToSchema>(choices: &'static [(&'static str, T)]) -> Choice<T> {
    Choice { choices, component: Some(|| (T::name().into_owned(), T::schema())) }
}

/// Takes one of these names.
pub fn names<T>(choices: &'static [(&'static str, T)]) -> Choice<T> {
    Choice { choices, component: None }
}

impl<T: Copy> Kind for Choice<T> {
    type Value = T;

    fn check(&self, value: &Value, _: Tz) -> Checked<T> {
        let known = value.as_str().and_then(|text| self.choices.iter().find(|(name, _)| *name == text));
        known.map(|(_, choice)| *choice).ok_or_else(|| not_a_choice(value))
    }

    fn schema(&self) -> RefOr<Schema> {
        match self.component {
            Some(component) => Ref::from_schema_name(component().0).into(),
            None => of_type(Type::String).enum_values(Some(self.choices.iter().map(|(name, _)| *name))).into(),
        }
    }

    fn components(&self, components: &mut Components) {
        components.extend(self.component.map(|component| component()));
    }
}

/// The most characters of a value that an error shows, because a value can be larger than a reply may be.
const SHOWN: usize = 255;

/// Returns the error of a value that is none of the choices.
pub fn not_a_choice(value: &Value) -> FieldErrors {
    let text = value.as_str().map_or_else(|| Cow::from(value.to_string()), Cow::from);
    let end = text.char_indices().nth(SHOWN).map(|(end, _)| end);
    let (shown, more) = end.map_or((&*text, ""), |end| (&text[..end], "..."));
    FieldErrors::message(format!("\"{shown}{more}\" is not a valid choice."))
}

/// A boolean, see [`boolean`].
#[derive(Debug)]
pub struct Boolean;

/// Takes a boolean in one of the notations that DRF takes.
pub fn boolean() -> Boolean {
    Boolean
}

impl Kind for Boolean {
    type Value = bool;

    fn check(&self, value: &Value, _: Tz) -> Checked<bool> {
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

    fn schema(&self) -> RefOr<Schema> {
        of_type(Type::Boolean).into()
    }
}

/// An instant, see [`instant`].
#[derive(Debug)]
pub struct Instant;

/// Takes an instant; one without an offset is in the zone of the shop.
pub fn instant() -> Instant {
    Instant
}

impl Kind for Instant {
    type Value = DateTime<Utc>;

    fn check(&self, value: &Value, zone: Tz) -> Checked<DateTime<Utc>> {
        let parsed = value.as_str().and_then(|text| timestamp::parse(text, zone));
        parsed.ok_or_else(|| {
            FieldErrors::message(
                "Datetime has wrong format. Use one of these formats instead: \
                 YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].",
            )
        })
    }

    fn schema(&self) -> RefOr<Schema> {
        of_type(Type::String).format(known(KnownFormat::DateTime)).into()
    }
}

/// A date, see [`date`].
#[derive(Debug)]
pub struct Date;

/// Takes a date, such as `1990-01-31`.
pub fn date() -> Date {
    Date
}

impl Kind for Date {
    type Value = NaiveDate;

    fn check(&self, value: &Value, _: Tz) -> Checked<NaiveDate> {
        let parsed = value.as_str().and_then(|text| timestamp::parse_date(text.trim()));
        parsed
            .ok_or_else(|| FieldErrors::message("Date has wrong format. Use one of these formats instead: YYYY-MM-DD."))
    }

    fn schema(&self) -> RefOr<Schema> {
        of_type(Type::String).format(known(KnownFormat::Date)).into()
    }
}
