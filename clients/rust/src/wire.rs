//! Values as they stand on the wire.

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

/// What an update does to a field that can be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nullable<T> {
    /// It stays as it is; of something new, it takes its default.
    #[default]
    Keep,
    /// It becomes null.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Nullable<T> {
    /// Whether the field is left out of the body.
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

/// A number that is a JSON number on the wire, and exact here.
pub(crate) mod number {
    use super::{Decimal, Deserialize, Deserializer, Number, Serialize, Serializer, ToPrimitive};

    pub(crate) fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = value.is_integer().then(|| value.to_i64()).flatten().map(Number::from);
        let number = whole.or_else(|| Number::from_f64(value.to_f64()?));
        let error = || serde::ser::Error::custom(format!("{value} is no JSON number"));
        number.ok_or_else(error)?.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let text = Number::deserialize(deserializer)?.to_string();
        let error = |_| serde::de::Error::custom(format!("{text} is no exact number"));
        text.parse().or_else(|_| Decimal::from_scientific(&text)).map_err(error)
    }
}

/// The same where there may be none.
pub(crate) mod optional_number {
    use super::{Decimal, Serializer, number};

    pub(crate) fn serialize<S: Serializer>(value: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => number::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }
}

/// An amount that may stand as a text or as a number, since a shop sent it.
pub(crate) fn amount(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// A bound of a price rule, `{"<name>": "<value>"}` on the wire.
macro_rules! bound {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            /// Units, or yuan.
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

/// A set of names, closed as the documents say.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$of:meta])* $variant:ident = $name:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $type {
            $($(#[$of])* #[serde(rename = $name)] $variant,)*
        }

        impl $type {
            /// Its name on the wire.
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

/// A set of names that is open: what is not known is kept.
macro_rules! open_names {
    ($(#[$doc:meta])* $type:ident { $($(#[$of:meta])* $variant:ident = $name:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $type {
            $($(#[$of])* $variant,)*
            /// Another one.
            Other(String),
        }

        impl $type {
            /// Its name on the wire.
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
