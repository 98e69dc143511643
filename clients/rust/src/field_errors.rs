//! What is wrong with a request, by field.

use std::fmt;

use serde_json::Value;

/// What is wrong with a request, as Django REST framework says it: messages, messages by field, or a list that stands beside
/// the list that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldErrors {
    /// What is wrong with this very value.
    Messages(Vec<String>),
    /// What is wrong with the fields of an object, or, under their numbers from 0, with the items of a list of values.
    /// `non_field_errors` is about the object as a whole.
    Fields(Vec<(String, FieldErrors)>),
    /// One for each object of a list that was sent, such as the pairs of an issue; one that is right has nothing.
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

    /// What is wrong at a path of names and of numbers from 0, with dots: `value`, `price_rule.value`, `1.customer_id` in the
    /// second pair of an issue.
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

    /// The messages at a path; none where nothing is wrong there.
    pub fn messages(&self, path: &str) -> &[String] {
        match self.at(path) {
            Some(Self::Messages(messages)) => messages,
            _ => &[],
        }
    }

    /// The items of a list that are wrong, by their numbers from 0.
    pub fn items(&self) -> impl Iterator<Item = (usize, &Self)> {
        let items: &[Self] = match self {
            Self::Items(items) => items,
            _ => &[],
        };
        items.iter().enumerate().filter(|(_, errors)| !errors.is_empty())
    }

    /// Whether nothing is wrong, at any depth.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Messages(messages) => messages.is_empty(),
            Self::Fields(fields) => fields.iter().all(|(_, errors)| errors.is_empty()),
            Self::Items(items) => items.iter().all(Self::is_empty),
        }
    }

    /// Every message with its path, in the order of the reply.
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
