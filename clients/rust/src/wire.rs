//! Values in their form on the wire.

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

/// The new value of a field that can be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nullable<T> {
    /// The stored value, or the default in a new object. The field is left out.
    #[default]
    Keep,
    /// The value null.
    Clear,
    /// This new value.
    Set(T),
}

impl<T> Nullable<T> {
    /// Returns true if the field is left out of the body.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T> From<T> for Nullable<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl<T: Serialize> Serialize for Nullable<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Set(value) => serializer.serialize_some(value),
            Self::Keep | Self::Clear => serializer.serialize_none(),
        }
    }
}

/// An exact decimal that is a JSON number on the wire.
pub(crate) mod number {
    use super::{Decimal, Deserialize, Deserializer, Number, Serialize, Serializer, ToPrimitive};

    pub(crate) fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = value.is_integer().then(|| value.to_i64()).flatten().map(Number::from);
        let number = whole.or_else(|| Number::from_f64(value.to_f64()?));
        let error = || serde::ser::Error::custom(format!("{value} cannot be written as a JSON number"));
        number.ok_or_else(error)?.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let text = Number::deserialize(deserializer)?.to_string();
        let error = |_| serde::de::Error::custom(format!("{text} cannot be stored exactly"));
        text.parse().or_else(|_| Decimal::from_scientific(&text)).map_err(error)
    }
}

/// An optional decimal that is a JSON number on the wire.
pub(crate) mod optional_number {
    use super::{Decimal, Serializer, number};

    pub(crate) fn serialize<S: Serializer>(value: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => number::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }
}

/// Returns an amount that a shop sent as a text or as a number.
pub(crate) fn amount(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// Declares a bound of a price rule, `{"<name>": "<value>"}` on the wire.
macro_rules! bound {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            /// The bound, in units or yuan.
            #[serde(rename = $field)]
            pub bound: rust_decimal::Decimal,
        }

        impl<T: Into<rust_decimal::Decimal>> From<T> for $name {
            fn from(bound: T) -> Self {
                Self { bound: bound.into() }
            }
        }
    };
}

/// Declares a closed set of names, as in the API description.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$of:meta])* $variant:ident = $name:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $type {
            $($(#[$of])* #[serde(rename = $name)] $variant,)*
        }

        impl $type {
            /// Returns the name on the wire.
            pub fn as_str(&self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

/// Declares an open set of names: an unknown name is kept.
macro_rules! open_names {
    ($(#[$doc:meta])* $type:ident { $($(#[$of:meta])* $variant:ident = $name:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $type {
            $($(#[$of])* $variant,)*
            /// A name that this version does not know.
            Other(String),
        }

        impl $type {
            /// Returns the name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other(name) => name,
                }
            }
        }

        impl From<String> for $type {
            fn from(name: String) -> Self {
                match name.as_str() {
                    $($name => Self::$variant,)*
                    _ => Self::Other(name),
                }
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.as_str().to_owned()
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use {bound, names, open_names};
