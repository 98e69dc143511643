//! The parameters of lists (docs/api/lists.md). As in django-filter, blank values and unknown names are ignored, and all
//! errors are reported at once.

use axum::extract::FromRequestParts;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use http::request::Parts;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type, schema::OneOfBuilder},
};

use crate::http::{envelope::Address, error::ErrorReply};
use domain::{
    error::{Error, FieldErrors},
    id::{Id, MAX_ID},
    timestamp,
};
use store::pages::{Direction, PageNumber, Select};

/// The default of `page_size`.
const DEFAULT_SIZE: u64 = 10;
/// The largest page size. A larger one is capped.
const MAX_SIZE: u64 = 100;
/// The most values of an `__in` filter.
const MAX_VALUES: usize = 100;

/// The query parameters of a list, with the errors found so far.
#[derive(Debug)]
pub struct Query {
    /// The address of the list, for links to other pages.
    pub address: Address,
    parameters: Vec<(String, String)>,
    errors: Vec<(String, String)>,
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ErrorReply> {
        let raw = parts.uri.query().unwrap_or_default();
        let parameters: Vec<_> = form_urlencoded::parse(raw.as_bytes()).into_owned().collect();
        Ok(Self { address: Address::of(parts, parameters.clone()), parameters, errors: Vec::new() })
    }
}

/// The parameters of every list. They serve the description only: [`Query`] reads them.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query")]
pub struct ListParameters {
    /// The number of the page, from 1, or `last`. 1 by default; a page past the end is a 404.
    #[param(value_type = Page, inline, required = false, example = 1)]
    page: Option<String>,
    /// The number of rows of a page: 1 to 100, a larger number is capped. 10 by default.
    #[param(minimum = 1, maximum = 100, example = 10)]
    page_size: Option<u64>,
    /// Only rows with a larger id. With `order_by=id` a client walks all rows by the last id that it saw.
    #[param(rename = "id__gt", minimum = 0, example = 0)]
    id_gt: Option<u64>,
    /// Only rows with a smaller id.
    #[param(rename = "id__lt", minimum = 0)]
    id_lt: Option<u64>,
}

/// A page number or `last`. It serves the description only: [`Query::select`] reads the parameter.
struct Page;

impl PartialSchema for Page {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
        let last = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["last"]));
        OneOfBuilder::new().item(number).item(last).into()
    }
}

impl ToSchema for Page {}

/// The parameter `order_by` of a list whose rows show no time of creation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query")]
pub struct OrderById {
    /// The order of the rows; `-` is descending.
    #[param(inline, example = "id")]
    order_by: Option<IdOrder>,
}

/// The parameter `order_by` of a list whose rows show their time of creation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query")]
pub struct OrderByIdOrCreation {
    /// The order of the rows; `-` is descending.
    #[param(inline, example = "id")]
    order_by: Option<IdOrCreationOrder>,
}

#[derive(Debug, ToSchema)]
#[allow(dead_code, reason = "describes the query")]
enum IdOrder {
    #[schema(rename = "id")]
    Id,
    #[schema(rename = "-id")]
    IdDescending,
}

#[derive(Debug, ToSchema)]
#[allow(dead_code, reason = "describes the query")]
enum IdOrCreationOrder {
    #[schema(rename = "id")]
    Id,
    #[schema(rename = "-id")]
    IdDescending,
    #[schema(rename = "created_at")]
    Creation,
    #[schema(rename = "-created_at")]
    CreationDescending,
}

/// A field that a list can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderBy {
    /// The id of a row.
    Id,
    /// The time of creation.
    CreatedAt,
}

impl Query {
    /// Returns the last value of a parameter, trimmed, or `None` if it is blank.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.raw(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// Returns the last value of a parameter as it came.
    fn raw(&self, name: &str) -> Option<&str> {
        self.parameters.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Records an error of a parameter. [`Self::finish`] reports all of them.
    pub fn reject(&mut self, name: &str, message: impl Into<String>) {
        self.errors.push((name.to_owned(), message.into()));
    }

    fn number(&mut self, name: &str) -> Option<Decimal> {
        let number = parse_number(self.text(name)?);
        if number.is_none() {
            self.reject(name, "Enter a number.");
        }
        number
    }

    /// Returns a filter by one id. A number that is no id is an empty list, which matches nothing.
    pub fn id(&mut self, name: &str) -> Option<Vec<Id>> {
        self.number(name).map(|number| whole(number).into_iter().collect())
    }

    /// Returns a filter by a list of ids.
    pub fn ids(&mut self, name: &str) -> Option<Vec<Id>> {
        let text = self.text(name)?;
        let values: Vec<_> = text.split(',').map(str::trim).filter(|value| !value.is_empty()).collect();
        if values.is_empty() {
            return None;
        }
        let numbers: Option<Vec<_>> = values.iter().map(|value| parse_number(value)).collect();
        let count = values.len();
        match numbers {
            None => self.reject(name, "Enter a number."),
            Some(_) if count > MAX_VALUES => {
                self.reject(name, format!("Ensure this field has no more than {MAX_VALUES} elements."));
            }
            Some(numbers) => {
                let mut ids: Vec<_> = numbers.into_iter().filter_map(whole).collect();
                ids.sort_unstable();
                ids.dedup();
                return Some(ids);
            }
        }
        None
    }

    /// Returns a filter by one id, by a list of ids, or by both.
    pub fn one_or_many(&mut self, one: &str, many: &str) -> Option<Vec<Id>> {
        match (self.id(one), self.ids(many)) {
            (Some(one), Some(many)) => Some(one.into_iter().filter(|id| many.contains(id)).collect()),
            (one, many) => one.or(many),
        }
    }

    /// Returns a filter by a list of texts.
    pub fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let mut values: Vec<_> =
            self.text(name)?.split(',').map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect();
        if values.len() > MAX_VALUES {
            self.reject(name, format!("Ensure this field has no more than {MAX_VALUES} elements."));
            return None;
        }
        values.sort_unstable();
        values.dedup();
        (!values.is_empty()).then_some(values)
    }

    /// Returns a filter by one text, by a list of texts, or by both.
    pub fn one_or_many_texts(&mut self, one: &str, many: &str) -> Option<Vec<String>> {
        let one = self.text(one).map(str::to_owned);
        match (one, self.texts(many)) {
            (Some(one), Some(many)) => Some(if many.contains(&one) { vec![one] } else { Vec::new() }),
            (Some(one), None) => Some(vec![one]),
            (None, many) => many,
        }
    }

    /// Returns a filter by one of these names, in the form of [`Self::choices`].
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<Vec<T>> {
        let text = self.text(name)?.to_owned();
        self.chosen(name, &text, choices).map(|choice| vec![choice])
    }

    /// Returns a filter by a list of these names.
    pub fn choices<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<Vec<T>> {
        let values = self.texts(name)?;
        values.iter().map(|value| self.chosen(name, value, choices)).collect()
    }

    fn chosen<T: Copy>(&mut self, name: &str, text: &str, choices: &[(&str, T)]) -> Option<T> {
        let known = choices.iter().find(|(choice, _)| *choice == text).map(|(_, choice)| *choice);
        if known.is_none() {
            self.reject(name, format!("Select a valid choice. {text} is not one of the available choices."));
        }
        known
    }

    /// Returns a boolean filter. A value that is no boolean is ignored.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        match self.text(name)?.to_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    /// Returns a filter by an instant. Without an offset it is taken as in `zone`. A `+` that was not encoded arrives as a
    /// blank and is repaired.
    pub fn instant(&mut self, name: &str, zone: Tz) -> Option<DateTime<Utc>> {
        let text = self.text(name)?;
        let repaired = match text.rsplit_once(' ') {
            Some((time, offset)) if time.contains(['T', ' ']) => format!("{time}+{offset}"),
            _ => text.to_owned(),
        };
        let instant = timestamp::parse(&repaired, zone);
        if instant.is_none() {
            self.reject(name, "Enter a valid date/time.");
        }
        instant
    }

    /// Returns the order that `order_by` asks for, or `default`. `created_at` tells whether it is a choice.
    pub fn order_by(&mut self, default: (OrderBy, Direction), created_at: bool) -> (OrderBy, Direction) {
        let Some(text) = self.text("order_by").map(str::to_owned) else { return default };
        let mut orders = text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(|name| {
            let (field, direction) = match name.strip_prefix('-') {
                Some(field) => (field, Direction::Descending),
                None => (name, Direction::Ascending),
            };
            match field {
                "id" => Ok((OrderBy::Id, direction)),
                "created_at" if created_at => Ok((OrderBy::CreatedAt, direction)),
                _ => Err(name),
            }
        });
        let first = orders.next().unwrap_or(Ok(default));
        match first.and_then(|order| orders.find(Result::is_err).unwrap_or(Ok(order)).map(|_| order)) {
            Ok(order) => order,
            Err(name) => {
                let message = format!("Select a valid choice. {name} is not one of the available choices.");
                self.reject("order_by", message);
                default
            }
        }
    }

    /// Returns the selection of a page in this direction, within `id__gt` and `id__lt`.
    ///
    /// # Errors
    /// All errors recorded so far, or [`Error::InvalidPage`] if `page` is no page number.
    pub fn select(&mut self, direction: Direction) -> Result<Select, Error> {
        let after = self
            .number("id__gt")
            .and_then(|bound| (bound >= Decimal::ZERO).then(|| bound.floor().to_u64().unwrap_or(MAX_ID).min(MAX_ID)));
        let before = self.number("id__lt").map(|bound| {
            let bound = bound.max(Decimal::ZERO).ceil();
            bound.to_u64().unwrap_or(MAX_ID + 1).min(MAX_ID + 1)
        });
        self.finish()?;
        let number = self.page_number()?;
        Ok(Select { classes: None, after, before, direction, number, size: self.page_size() })
    }

    /// Reports all recorded errors as a 400.
    ///
    /// # Errors
    /// [`Error::Invalid`] if an error was recorded.
    pub fn finish(&mut self) -> Result<(), Error> {
        if self.errors.is_empty() {
            return Ok(());
        }
        let errors = std::mem::take(&mut self.errors);
        let fields = errors.into_iter().map(|(name, message)| (name.into(), FieldErrors::message(message)));
        Err(Error::Invalid(FieldErrors::Fields(fields.collect())))
    }

    fn page_number(&self) -> Result<PageNumber, Error> {
        match self.raw("page") {
            None | Some("") => Ok(PageNumber::Number(1)),
            Some("last") => Ok(PageNumber::Last),
            Some(text) => text.trim().parse().map(PageNumber::Number).map_err(|_| Error::InvalidPage),
        }
    }

    /// Returns the page size, from 1 to 100. It is 10 without a usable `page_size`.
    pub fn page_size(&self) -> u64 {
        let text = self.text("page_size").unwrap_or_default();
        let digits = text.strip_prefix('+').unwrap_or(text);
        let size = if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            digits.parse().unwrap_or(MAX_SIZE)
        } else {
            DEFAULT_SIZE
        };
        if size == 0 { DEFAULT_SIZE } else { size.min(MAX_SIZE) }
    }
}

/// Parses a number as Django's decimal field does. A number too large for a decimal becomes one that is above every id.
fn parse_number(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if !plain || text.len() > 1_000 {
        return None;
    }
    let exact = text.parse().or_else(|_| Decimal::from_scientific(text));
    exact.ok().or_else(|| {
        let huge: f64 = text.parse().ok()?;
        let tiny = huge.abs() < 1.0;
        Some(if tiny {
            Decimal::ZERO
        } else if huge > 0.0 {
            Decimal::MAX
        } else {
            Decimal::MIN
        })
    })
}

/// Returns the id that equals a number, if there is one.
fn whole(number: Decimal) -> Option<Id> {
    let number = number.is_integer().then(|| number.to_u64())??;
    (1..=MAX_ID).contains(&number).then_some(number)
}
