//! The schema of a body, made field by field.

use serde_json::Value;
use utoipa::openapi::{Object, RefOr, Schema, Type, schema::AdditionalProperties};

use crate::http::{body::Body, kinds::kind::Components};

/// A field as the description tells of it.
#[derive(Debug)]
pub struct Told {
    name: &'static str,
    told: String,
    example: Option<Value>,
}

impl Told {
    /// A field with the lines of its doc comment.
    pub fn new(name: &'static str, lines: &[&str]) -> Self {
        Self { name, told: paragraph(lines), example: None }
    }

    /// Shows an example.
    #[must_use]
    pub fn example(self, example: Value) -> Self {
        Self { example: Some(example), ..self }
    }
}

fn paragraph(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n")
}

/// The schema of a body while its fields are added.
pub struct Described {
    pub(super) object: Object,
    pub(super) components: Components,
    pub(super) defaults: bool,
}

impl Described {
    /// Describes a body.
    pub fn of<B: Body>() -> Self {
        let mut described = Self::object();
        B::describe(&mut described);
        described
    }

    /// An object without fields.
    pub fn object() -> Self {
        Self { object: Object::with_type(Type::Object), components: Vec::new(), defaults: true }
    }

    /// Leaves defaults out from here on.
    pub fn keep_omitted(&mut self) {
        self.defaults = false;
    }

    /// Says what the object is.
    pub fn tell(&mut self, lines: &[&str]) {
        self.object.description = Some(paragraph(lines));
    }

    /// Takes fields that are not named.
    pub fn open(&mut self) {
        self.object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(true)));
    }

    /// Adds a field.
    pub fn field(&mut self, told: Told, is_required: bool, schema: RefOr<Schema>, default: Option<Value>) {
        let Told { name, told, example } = told;
        let mut schema = schema;
        match &mut schema {
            RefOr::Ref(to) => (to.description, to.default) = (told, default),
            RefOr::T(Schema::Object(object)) => {
                (object.description, object.default, object.example) = (Some(told), default, example);
            }
            RefOr::T(Schema::Array(array)) => {
                (array.description, array.default, array.example) = (Some(told), default, example);
            }
            RefOr::T(Schema::OneOf(one)) => {
                (one.description, one.default, one.example) = (Some(told), default, example);
            }
            RefOr::T(_) => {}
        }
        self.object.properties.insert(name.to_owned(), schema);
        if is_required {
            self.object.required.push(name.to_owned());
        }
    }

    /// Returns the schema.
    pub fn schema(self) -> RefOr<Schema> {
        self.object.into()
    }

    /// Returns the components that the schema refers to.
    pub fn components(self) -> Components {
        self.components
    }
}
