//! Lists, and bodies inside of others.

use std::marker::PhantomData;

use chrono_tz::Tz;
use serde_json::Value;
use utoipa::openapi::{ArrayBuilder, Ref, RefOr, Schema};

use crate::http::{
    body::Body,
    checked::{self, Checked, type_name, wrong},
    kinds::kind::{Components, Kind},
};
use domain::error::FieldErrors;

/// A list, see [`list`].
#[derive(Debug)]
pub struct List<K> {
    most: usize,
    item: K,
}

/// Takes a list of at most `most` items of a kind. The errors stand under the numbers of the items.
pub fn list<K: Kind>(most: usize, item: K) -> List<K> {
    List { most, item }
}

impl<K: Kind> Kind for List<K> {
    type Value = Vec<K::Value>;

    fn check(&self, value: &Value, zone: Tz) -> Checked<Self::Value> {
        let Value::Array(items) = value else {
            return wrong(format!("Expected a list of items but got type \"{}\".", type_name(value)));
        };
        if items.len() > self.most {
            return wrong(format!("Ensure this field has no more than {} elements.", self.most));
        }
        let (mut checked, mut errors) = (Vec::with_capacity(items.len()), Vec::new());
        for (index, item) in items.iter().enumerate() {
            match self.item.read(item, zone) {
                Ok(value) => checked.push(value),
                Err(error) => errors.push((index.to_string().into(), error)),
            }
        }
        if errors.is_empty() { Ok(checked) } else { Err(FieldErrors::Fields(errors)) }
    }

    fn schema(&self) -> RefOr<Schema> {
        ArrayBuilder::new().items(self.item.schema()).max_items(Some(self.most)).into()
    }

    fn components(&self, components: &mut Components) {
        self.item.components(components);
    }
}

/// A nested body, see [`nested`].
#[derive(Debug)]
pub struct Nested<B>(PhantomData<B>);

/// Takes a body as the value of a field.
pub fn nested<B: Body>() -> Nested<B> {
    Nested(PhantomData)
}

impl<B: Body<Target: Default>> Kind for Nested<B> {
    type Value = B::Target;

    fn check(&self, value: &Value, zone: Tz) -> Checked<B::Target> {
        B::parse(value, zone)
    }

    fn schema(&self) -> RefOr<Schema> {
        Ref::from_schema_name(B::name()).into()
    }

    fn components(&self, components: &mut Components) {
        components.push((B::name().into_owned(), B::schema()));
        B::schemas(components);
    }
}

/// A list of bodies, see [`objects`].
#[derive(Debug)]
pub struct Objects<B> {
    most: usize,
    item: Nested<B>,
}

/// Takes a list of at most `most` bodies. The errors are aligned with the input.
pub fn objects<B: Body>(most: usize) -> Objects<B> {
    Objects { most, item: nested() }
}

impl<B: Body<Target: Default>> Kind for Objects<B> {
    type Value = Vec<B::Target>;

    fn check(&self, value: &Value, zone: Tz) -> Checked<Self::Value> {
        checked::objects(value, self.most, |item| B::parse(item, zone))
    }

    fn schema(&self) -> RefOr<Schema> {
        ArrayBuilder::new().items(self.item.schema()).max_items(Some(self.most)).into()
    }

    fn components(&self, components: &mut Components) {
        self.item.components(components);
    }
}
