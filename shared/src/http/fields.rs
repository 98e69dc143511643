//! Validation of bodies as Django REST framework's serializers do it: every field is checked, and all errors are
//! answered at once, in its words.

use std::borrow::Cow;

use chrono_tz::Tz;
use serde_json::{Map, Value};

use crate::http::{
    checked::{Checked, type_name, wrong},
    kinds::{
        kind::{Kind, Nullable},
        relation,
    },
};
use domain::{error::FieldErrors, id::Id};

/// A field of a body: its kind, and whether it may be omitted.
#[derive(Debug)]
pub struct Field<K: Kind> {
    pub(super) kind: K,
    pub(super) is_required: bool,
    pub(super) default: Option<fn() -> Value>,
    needed: Option<Needed>,
    beside: Option<Beside<K>>,
}

/// A condition on the other fields of the body.
type Needed = fn(&Map<String, Value>) -> bool;
/// A check of a value that looks at the other fields of the body.
type Beside<K> = fn(&<K as Kind>::Value, &Map<String, Value>) -> Checked<()>;

/// A field that must be there.
pub fn required<K: Kind>(kind: K) -> Field<K> {
    Field { is_required: true, ..optional(kind) }
}

/// A field that may be omitted but not null.
pub fn optional<K: Kind>(kind: K) -> Field<K> {
    Field { kind, is_required: false, default: None, needed: None, beside: None }
}

/// A field that may be omitted, or null.
pub fn nullable<K: Kind>(kind: K) -> Field<Nullable<K>> {
    optional(kind.or_null())
}

impl<K: Kind> Field<K> {
    /// Reads `default` where the field is omitted, except in an update. `body!` writes it as `#[default(...)]`.
    #[must_use]
    pub fn or(self, default: fn() -> Value) -> Self {
        Self { default: Some(default), ..self }
    }

    /// Requires the field, and a value that is not null, in each body for which `needed` returns true.
    #[must_use]
    pub fn needed_where(self, needed: Needed) -> Self {
        Self { needed: Some(needed), ..self }
    }

    /// Checks the value also beside the other fields of the body, which are as they were sent.
    #[must_use]
    pub fn beside(self, beside: Beside<K>) -> Self {
        Self { beside: Some(beside), ..self }
    }

    /// Checks what an object has under a name; `None` where that may be omitted and is.
    fn find(&self, fields: &Fields<'_>, name: &str) -> Option<Checked<K::Value>> {
        let Fields { object, zone, .. } = *fields;
        let is_needed = self.needed.is_some_and(|needed| needed(object));
        Some(match object.get(name) {
            None if self.is_required || is_needed => wrong("This field is required."),
            None => self.kind.read(&self.default.filter(|_| fields.defaults)?(), zone),
            Some(value) if is_needed && self.kind.is_null(value) => wrong("This field may not be null."),
            Some(value) => self.kind.read(value, zone).and_then(|read| match self.beside {
                Some(beside) => beside(&read, object).map(|()| read),
                None => Ok(read),
            }),
        })
    }
}

/// The fields of a JSON object, checked one after the other.
#[derive(Debug)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    zone: Tz,
    defaults: bool,
    errors: Vec<(Cow<'static, str>, FieldErrors)>,
}

impl<'a> Fields<'a> {
    /// Returns the fields of a body. Instants without an offset are in `zone`.
    ///
    /// # Errors
    /// The error of a body that is no object.
    pub fn of(body: &'a Value, zone: Tz) -> Checked<Self> {
        match body {
            Value::Object(object) => Ok(Self { object, zone, defaults: true, errors: Vec::new() }),
            Value::Null => Err(FieldErrors::non_field("No data provided")),
            other => {
                let message = format!("Invalid data. Expected a dictionary, but got {}.", type_name(other));
                Err(FieldErrors::non_field(message))
            }
        }
    }

    /// Reads no default from here on: a field that is omitted stays as it is.
    pub fn keep_omitted(&mut self) {
        self.defaults = false;
    }

    /// Notes an error of a field.
    pub fn reject(&mut self, name: &'static str, message: impl Into<Cow<'static, str>>) {
        self.errors.push((name.into(), FieldErrors::message(message)));
    }

    /// Reads a field. `None` where it was omitted, or is wrong, which is noted.
    pub fn take<K: Kind>(&mut self, name: &'static str, field: &Field<K>) -> Option<K::Value> {
        match field.find(self, name)? {
            Ok(value) => Some(value),
            Err(errors) => {
                self.errors.push((name.into(), errors));
                None
            }
        }
    }

    /// Runs `part`, and then `together` on what it read unless it noted errors. The errors of `together` are noted too.
    pub(super) fn part<T>(
        &mut self,
        part: impl FnOnce(&mut Self) -> T,
        together: impl FnOnce(T) -> Checked<T>,
    ) -> Option<T> {
        let before = self.errors.len();
        let read = part(self);
        if self.errors.len() > before {
            return None;
        }
        match together(read) {
            Ok(whole) => Some(whole),
            Err(FieldErrors::Fields(errors)) => {
                self.errors.extend(errors);
                None
            }
            Err(errors) => {
                self.errors.push(("non_field_errors".into(), errors));
                None
            }
        }
    }

    /// Returns the errors so far, for a caller who has more to say; [`FieldErrors::NONE`] where nothing is wrong.
    pub fn errors(self) -> FieldErrors {
        FieldErrors::Fields(self.errors)
    }

    /// Returns `whole`, which was made of these fields.
    ///
    /// # Errors
    /// The errors of the fields.
    pub fn finish<T>(self, whole: T) -> Checked<T> {
        if self.errors.is_empty() { Ok(whole) } else { Err(self.errors()) }
    }
}

/// Returns the row that a field of a body names, with the field; also where something else is wrong with the body.
pub fn named(body: &Value, field: &'static str) -> Option<(&'static str, Id)> {
    Some((field, relation().read(body.get(field)?, Tz::UTC).ok()?))
}
