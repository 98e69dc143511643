//! Bodies of requests. [`body!`](crate::body) states a body once, and makes of that its OpenAPI schema and the reader that
//! reports every error at once.

use chrono_tz::Tz;
use serde_json::Value;
use utoipa::ToSchema;

#[doc(hidden)]
pub use {serde_json::json, utoipa};

mod described;

pub use described::{Described, Told};

use crate::http::{
    checked::Checked,
    fields::{Field, Fields},
    kinds::kind::Kind,
};
use domain::error::FieldErrors;

/// States a body: its doc comment, its name in the description, and its fields, each with its doc comment, its name, whether
/// it may be omitted ([`required`], [`optional`], [`nullable`]), and its [kind](super::kinds).
///
/// `#[default(...)]` is read where the field is omitted, `#[example(...)]` is shown; both are JSON. There are three forms:
///
/// * `struct Name { field: Type = ..., }` makes a struct of the checked values. A field that may be omitted has a type
///   with a `Default`, mostly an `Option`.
/// * `struct Name into Target { field: ..., }` sets the checked values in the fields of a `Target` that is there already,
///   such as a type of the domain. `, then check` calls a function when no field is wrong: it checks fields together.
/// * `struct Name updates Other;` has the fields of `Other` without their defaults: what is omitted stays as it is.
///
/// In the first form `describes { field: ..., }` before the fields adds fields to the schema that the reader leaves out, and
/// `struct Name, open { ... }` says that the body may have fields that are not named.
///
/// ```
/// use chrono_tz::Asia::Shanghai;
/// use serde_json::json;
/// use shared::{
///     body,
///     http::{
///         body::Body,
///         fields::{optional, required},
///         kinds::{integer, text},
///     },
/// };
///
/// #[derive(Debug, Default, PartialEq)]
/// struct Level {
///     title: String,
///     points: u32,
/// }
///
/// body! {
///     /// A new level.
///     struct LevelInput into Level {
///         /// The name of the level: 1 to 64 characters.
///         #[example("Gold")]
///         title: required(text(1..=64)),
///         /// The points that a customer must have earned.
///         #[default(0)]
///         #[example(1000)]
///         points: optional(integer(0..=1_000_000u32)),
///     }
/// }
///
/// body! {
///     /// A change of a level. A field that is omitted stays as it is.
///     struct LevelUpdate updates LevelInput;
/// }
///
/// let level = LevelInput::parse(&json!({"title": " Gold "}), Shanghai).unwrap();
/// assert_eq!(level, Level { title: "Gold".to_owned(), points: 0 });
/// let stored = Level { title: "Gold".to_owned(), points: 7 };
/// let level = LevelUpdate::parse_over(&json!({"title": "Silver"}), stored, Shanghai).unwrap();
/// assert_eq!(level, Level { title: "Silver".to_owned(), points: 7 });
/// ```
///
/// [`required`]: super::fields::required
/// [`optional`]: super::fields::optional
/// [`nullable`]: super::fields::nullable
#[macro_export]
macro_rules! body {
    (
        $(#[doc = $told:literal])+
        $vis:vis struct $Name:ident updates $Other:ident;
    ) => {
        $(#[doc = $told])+
        #[derive(Debug)]
        $vis struct $Name;

        impl $crate::http::body::Body for $Name {
            type Target = <$Other as $crate::http::body::Body>::Target;

            fn set(fields: &mut $crate::http::fields::Fields<'_>, target: &mut Self::Target) {
                fields.keep_omitted();
                <$Other as $crate::http::body::Body>::set(fields, target);
            }

            fn together(target: Self::Target) -> $crate::http::checked::Checked<Self::Target> {
                <$Other as $crate::http::body::Body>::together(target)
            }

            fn describe(described: &mut $crate::http::body::Described) {
                described.keep_omitted();
                <$Other as $crate::http::body::Body>::describe(described);
                described.tell(&[$($told),+]);
            }
        }

        $crate::body!(@schema $Name);
    };
    (
        $(#[doc = $told:literal])+
        $vis:vis struct $Name:ident into $Target:ty $(, then $together:path)? {
            $($fields:tt)+
        }
    ) => {
        $(#[doc = $told])+
        #[derive(Debug)]
        $vis struct $Name;

        $crate::body!(@body $Name, $Target, [$($told)+] [] [$($together)?] [] $($fields)+);
    };
    (
        $(#[doc = $told:literal])+
        $vis:vis struct $Name:ident $(, $open:ident)? {
            $(describes { $($described:tt)+ })?
            $(
                $(#[doc = $doc:literal])+
                $(#[default($($default:tt)+)])?
                $(#[example($($example:tt)+)])?
                $field:ident : $Type:ty = $part:expr
            ),+ $(,)?
        }
    ) => {
        $(#[doc = $told])+
        #[derive(Debug, Default)]
        $vis struct $Name {
            $($(#[doc = $doc])+ $vis $field: $Type,)+
        }

        $crate::body!(@body $Name, $Name, [$($told)+] [$($open)?] [] [$($($described)+)?] $(
            $(#[doc = $doc])+
            $(#[default($($default)+)])?
            $(#[example($($example)+)])?
            $field: $part
        ),+);
    };
    (
        @body $Name:ident, $Target:ty, [$($told:literal)+] [$($open:ident)?] [$($together:path)?]
        [$(
            $(#[doc = $extra_doc:literal])+
            $(#[example($($extra_example:tt)+)])?
            $extra:ident : $extra_part:expr
        ),* $(,)?]
        $(
            $(#[doc = $doc:literal])+
            $(#[default($($default:tt)+)])?
            $(#[example($($example:tt)+)])?
            $field:ident : $part:expr
        ),+ $(,)?
    ) => {
        impl $crate::http::body::Body for $Name {
            type Target = $Target;

            fn set(fields: &mut $crate::http::fields::Fields<'_>, target: &mut Self::Target) {
                use $crate::http::body::Part as _;
                $(
                    let part = ($part)$(.or(|| $crate::http::body::json!($($default)+)))?;
                    if let Some(value) = part.take(fields, stringify!($field)) {
                        target.$field = value.into();
                    }
                )+
            }

            $(
                fn together(target: Self::Target) -> $crate::http::checked::Checked<Self::Target> {
                    $together(target)
                }
            )?

            fn describe(described: &mut $crate::http::body::Described) {
                use $crate::http::body::{Part as _, Told};
                described.tell(&[$($told),+]);
                $(described.$open();)?
                $({
                    let told = Told::new(stringify!($extra), &[$($extra_doc),+]);
                    ($extra_part).describe(described, told$(.example($crate::http::body::json!($($extra_example)+)))?);
                })*
                $({
                    let told = Told::new(stringify!($field), &[$($doc),+]);
                    let part = ($part)$(.or(|| $crate::http::body::json!($($default)+)))?;
                    part.describe(described, told$(.example($crate::http::body::json!($($example)+)))?);
                })+
            }
        }

        $crate::body!(@schema $Name);
    };
    (@schema $Name:ident) => {
        impl $crate::http::body::utoipa::PartialSchema for $Name {
            fn schema() -> $crate::http::body::utoipa::openapi::RefOr<$crate::http::body::utoipa::openapi::Schema> {
                $crate::http::body::Described::of::<Self>().schema()
            }
        }

        impl $crate::http::body::utoipa::ToSchema for $Name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($Name).into()
            }

            fn schemas(schemas: &mut $crate::http::kinds::Components) {
                schemas.extend($crate::http::body::Described::of::<Self>().components());
            }
        }
    };
}

/// A body of a request, which [`body!`](crate::body) states.
pub trait Body: ToSchema {
    /// The type in which the checked values are set.
    type Target;

    /// Sets each field that was sent and is right; notes the errors of the others.
    fn set(fields: &mut Fields<'_>, target: &mut Self::Target);

    /// Checks what fields break together, once none is wrong by itself.
    ///
    /// # Errors
    /// The errors by field.
    fn together(target: Self::Target) -> Checked<Self::Target> {
        Ok(target)
    }

    /// Adds the fields to a schema.
    fn describe(described: &mut Described);

    /// Reads a body over the values that are stored.
    ///
    /// # Errors
    /// Every error of the body.
    fn parse_over(body: &Value, stored: Self::Target, zone: Tz) -> Checked<Self::Target> {
        let mut fields = Fields::of(body, zone)?;
        let mut target = stored;
        Self::set(&mut fields, &mut target);
        fields.finish(target).and_then(Self::together)
    }

    /// Reads a body.
    ///
    /// # Errors
    /// Every error of the body.
    fn parse(body: &Value, zone: Tz) -> Checked<Self::Target>
    where
        Self::Target: Default,
    {
        Self::parse_over(body, Self::Target::default(), zone)
    }

    /// Reads a body of which a function checks more: the values, which are default ones for fields that are wrong, and the
    /// fields, which take further errors.
    ///
    /// # Errors
    /// The error of a body that is no object.
    fn read(body: &Value, zone: Tz) -> Checked<(Self::Target, Fields<'_>)>
    where
        Self::Target: Default,
    {
        let mut fields = Fields::of(body, zone)?;
        let mut target = Self::Target::default();
        Self::set(&mut fields, &mut target);
        Ok((target, fields))
    }

    /// Reads what is right in a body, beside the errors of the rest.
    fn read_partly(body: &Value, zone: Tz) -> (Self::Target, FieldErrors)
    where
        Self::Target: Default,
    {
        match Self::read(body, zone) {
            Ok((target, fields)) => (target, fields.errors()),
            Err(errors) => (Self::Target::default(), errors),
        }
    }
}

/// A part of a body: a field, or the fields of another body.
pub trait Part {
    /// A checked value.
    type Value;

    /// Reads the part. `None` where it was omitted, or is wrong, which is noted.
    fn take(&self, fields: &mut Fields<'_>, name: &'static str) -> Option<Self::Value>;

    /// Adds the part to a schema.
    fn describe(&self, described: &mut Described, told: Told);
}

impl<K: Kind> Part for Field<K> {
    type Value = K::Value;

    fn take(&self, fields: &mut Fields<'_>, name: &'static str) -> Option<K::Value> {
        fields.take(name, self)
    }

    fn describe(&self, described: &mut Described, told: Told) {
        let default = self.default.filter(|_| described.defaults).map(|default| default());
        self.kind.components(&mut described.components);
        described.field(told, self.is_required, self.kind.schema(), default);
    }
}

/// The fields of another body, see [`flatten`].
#[derive(Debug)]
pub struct Flatten<B>(std::marker::PhantomData<B>);

/// The fields of another body, which stand among those of this one.
pub fn flatten<B: Body>() -> Flatten<B> {
    Flatten(std::marker::PhantomData)
}

impl<B: Body<Target: Default>> Part for Flatten<B> {
    type Value = B::Target;

    fn take(&self, fields: &mut Fields<'_>, _: &'static str) -> Option<B::Target> {
        let set = |fields: &mut Fields<'_>| {
            let mut target = B::Target::default();
            B::set(fields, &mut target);
            target
        };
        fields.part(set, B::together)
    }

    fn describe(&self, described: &mut Described, _: Told) {
        let told = described.object.description.take();
        B::describe(described);
        described.object.description = told;
    }
}
