//! The errors of an invalid request, by field.

use std::fmt;

use serde_json::Value;

/// The errors of an invalid request, in the format of Django REST framework: messages, messages by field, or a list
/// with an element for each object that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldErrors {
    /// The errors of this value itself.
    Messages(Vec<String>),
    /// The errors of an object's fields, or of the items of a list of values by their index from 0. `non_field_errors`
    /// is about the object as a whole.
    Fields(Vec<(String, FieldErrors)>),
    /// The errors of a list of objects, such as the pairs of an issue. There is one element for each object; it is
    /// empty if the object is valid.
    Items(Vec<FieldErrors>),
}

impl FieldErrors {
    /// Reads the body of a 400.
    pub(crate) fn of(body: Value) -> Self {
        match body {
            Value::Object(fields) => {
                Self::Fields(fields.into_iter().map(|(name, errors)| (name, Self::of(errors))).collect())
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                Self::Items(items.into_iter().map(Self::of).collect())
            }
            Value::Array(messages) => Self::Messages(messages.into_iter().map(message).collect()),
            other => Self::Messages(vec![message(other)]),
        }
    }

    /// Returns the errors at a path. The path has names and indices from 0, separated by dots: `value`,
    /// `price_rule.value`, or `1.customer_id` in the second pair of an issue.
    ///
    /// ```
    /// # use youhui_client::FieldErrors;
    /// let errors = FieldErrors::Items(vec![
    ///     FieldErrors::Fields(vec![]),
    ///     FieldErrors::Fields(vec![("customer_id".into(), FieldErrors::Messages(vec!["no".into()]))]),
    /// ]);
    /// assert_eq!(errors.messages("1.customer_id"), ["no"]);
    /// assert!(errors.at("0").unwrap().is_empty());
    /// ```
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').filter(|name| !name.is_empty()).try_fold(self, |errors, name| match errors {
            Self::Fields(fields) => fields.iter().find(|(known, _)| known == name).map(|(_, errors)| errors),
            Self::Items(items) => items.get(name.parse::<usize>().ok()?),
            Self::Messages(_) => None,
        })
    }

    /// Returns the messages at a path. Empty if there is no error.
    pub fn messages(&self, path: &str) -> &[String] {
        match self.at(path) {
            Some(Self::Messages(messages)) => messages,
            _ => &[],
        }
    }

    /// Returns the invalid items of a list, with their indices from 0.
    pub fn items(&self) -> impl Iterator<Item = (usize, &Self)> {
        let items: &[Self] = match self {
            Self::Items(items) => items,
            _ => &[],
        };
        items.iter().enumerate().filter(|(_, errors)| !errors.is_empty())
    }

    /// Returns true if there is no error at any depth.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Messages(messages) => messages.is_empty(),
            Self::Fields(fields) => fields.iter().all(|(_, errors)| errors.is_empty()),
            Self::Items(items) => items.iter().all(Self::is_empty),
        }
    }

    /// Returns every message with its path, in the order of the reply.
    pub fn flatten(&self) -> Vec<(String, &str)> {
        let mut all = Vec::new();
        self.collect("", &mut all);
        all
    }

    fn collect<'a>(&'a self, path: &str, all: &mut Vec<(String, &'a str)>) {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match self {
            Self::Messages(messages) => all.extend(messages.iter().map(|message| (path.to_owned(), message.as_str()))),
            Self::Fields(fields) => fields.iter().for_each(|(name, errors)| errors.collect(&below(name), all)),
            Self::Items(items) => {
                items.iter().enumerate().for_each(|(index, errors)| errors.collect(&below(&index.to_string()), all));
            }
        }
    }
}

fn message(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (path, message)) in self.flatten().into_iter().enumerate() {
            let start = if number == 0 { "" } else { "; " };
            let stop = if path.is_empty() { "" } else { ": " };
            write!(formatter, "{start}{path}{stop}{message}")?;
        }
        Ok(())
    }
}
