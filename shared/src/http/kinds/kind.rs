//! The trait of kinds, and what makes one kind of another.

use chrono_tz::Tz;
use serde_json::Value;
use utoipa::openapi::{
    KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type,
    schema::{OneOfBuilder, SchemaType},
};

use crate::http::checked::{Checked, wrong};
use domain::error::FieldErrors;

/// A schema that others refer to, with its name.
pub type Component = (String, RefOr<Schema>);
/// Components in the order in which they were met.
pub type Components = Vec<Component>;

/// A kind of field.
pub trait Kind: Sized {
    /// A checked value.
    type Value;

    /// Checks a value that is not null. An instant without an offset is in `zone`.
    fn check(&self, value: &Value, zone: Tz) -> Checked<Self::Value>;

    /// Returns the schema of the values that the kind takes.
    fn schema(&self) -> RefOr<Schema>;

    /// Adds the components that the schema refers to.
    fn components(&self, _components: &mut Components) {}

    /// Returns true for the values that count as null.
    fn is_null(&self, value: &Value) -> bool {
        value.is_null()
    }

    /// Returns the value of a null; an error unless the kind takes null.
    fn null(&self) -> Checked<Self::Value> {
        wrong("This field may not be null.")
    }

    /// Checks a value.
    fn read(&self, value: &Value, zone: Tz) -> Checked<Self::Value> {
        if self.is_null(value) { self.null() } else { self.check(value, zone) }
    }

    /// Takes null too.
    fn or_null(self) -> Nullable<Self> {
        Nullable(self)
    }

    /// Checks a value further, or makes another one of it.
    fn then<T>(self, next: impl Fn(Self::Value) -> Checked<T>) -> impl Kind<Value = T> {
        Then(self, next)
    }

    /// Takes null too, as the default of the value, such as an empty list.
    fn null_is_default(self) -> impl Kind<Value = Self::Value>
    where
        Self::Value: Default,
    {
        self.or_null().map(Option::unwrap_or_default)
    }

    /// Makes another value of a checked one.
    fn map<T>(self, map: impl Fn(Self::Value) -> T) -> impl Kind<Value = T> {
        self.then(move |value| Ok(map(value)))
    }

    /// Changes the errors of a value.
    fn explain(self, explain: fn(&Value, FieldErrors) -> FieldErrors) -> Explained<Self> {
        Explained(self, explain)
    }
}

/// Null, or what another kind takes.
#[derive(Debug)]
pub struct Nullable<K>(K);

impl<K: Kind> Kind for Nullable<K> {
    type Value = Option<K::Value>;

    fn check(&self, value: &Value, zone: Tz) -> Checked<Self::Value> {
        self.0.check(value, zone).map(Some)
    }

    fn schema(&self) -> RefOr<Schema> {
        match self.0.schema() {
            RefOr::T(Schema::Object(mut object)) => {
                object.schema_type = with_null(object.schema_type);
                object.into()
            }
            RefOr::T(Schema::Array(mut array)) => {
                array.schema_type = with_null(array.schema_type);
                array.into()
            }
            RefOr::T(Schema::OneOf(one)) => OneOfBuilder::from(one).item(of_type(Type::Null)).into(),
            other => OneOfBuilder::new().item(other).item(of_type(Type::Null)).into(),
        }
    }

    fn components(&self, components: &mut Components) {
        self.0.components(components);
    }

    fn is_null(&self, value: &Value) -> bool {
        self.0.is_null(value)
    }

    fn null(&self) -> Checked<Self::Value> {
        Ok(None)
    }
}

fn with_null(types: SchemaType) -> SchemaType {
    match types {
        SchemaType::Type(one) => SchemaType::Array(vec![one, Type::Null]),
        SchemaType::Array(several) => several.into_iter().chain([Type::Null]).collect(),
        SchemaType::AnyValue => SchemaType::AnyValue,
    }
}

struct Then<K, F>(K, F);

impl<K: Kind, T, F: Fn(K::Value) -> Checked<T>> Kind for Then<K, F> {
    type Value = T;

    fn check(&self, value: &Value, zone: Tz) -> Checked<T> {
        self.0.check(value, zone).and_then(&self.1)
    }

    fn schema(&self) -> RefOr<Schema> {
        self.0.schema()
    }

    fn components(&self, components: &mut Components) {
        self.0.components(components);
    }

    fn is_null(&self, value: &Value) -> bool {
        self.0.is_null(value)
    }

    fn null(&self) -> Checked<T> {
        self.0.null().and_then(&self.1)
    }
}

/// A kind whose errors say more.
#[derive(Debug)]
pub struct Explained<K>(K, fn(&Value, FieldErrors) -> FieldErrors);

impl<K: Kind> Kind for Explained<K> {
    type Value = K::Value;

    fn check(&self, value: &Value, zone: Tz) -> Checked<K::Value> {
        self.0.check(value, zone).map_err(|errors| (self.1)(value, errors))
    }

    fn schema(&self) -> RefOr<Schema> {
        self.0.schema()
    }

    fn components(&self, components: &mut Components) {
        self.0.components(components);
    }

    fn is_null(&self, value: &Value) -> bool {
        self.0.is_null(value)
    }

    fn null(&self) -> Checked<K::Value> {
        self.0.null()
    }
}

pub(super) fn of_type(schema_type: impl Into<SchemaType>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(schema_type)
}

pub(super) fn known(format: KnownFormat) -> Option<SchemaFormat> {
    Some(SchemaFormat::KnownFormat(format))
}
