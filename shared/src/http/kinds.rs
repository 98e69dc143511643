//! Kinds of fields. A kind is one statement of two things: how a value is checked, in the words of Django REST framework
//! and with its coercions, and the OpenAPI schema of the values that it takes.

pub mod kind;
mod nested;
mod numbers;
mod texts;

pub use kind::{Component, Components, Explained, Kind, Nullable};
pub use nested::{List, Nested, Objects, list, nested, objects};
pub use numbers::{
    Amount, Float, Integer, OwnId, Relation, decimal, float, id_component, integer, own_id, positive_or_zero, relation,
};
pub use texts::{Boolean, Choice, Date, Instant, Text, boolean, choice, date, instant, names, not_a_choice, text};
