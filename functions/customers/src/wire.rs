//! Customers as they are sent.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde_json::Value;
use shared::{
    domain::{
        customer::{CustomerDraft, MOBILE_LENGTH},
        id::Id,
    },
    error::FieldErrors,
    http::fields::{Checked, Fields, boolean, date, instant, items, own_id, text},
};
use utoipa::ToSchema;

/// The most customers of one import.
const MOST: usize = 1_000;
/// The longest note, in characters.
const NOTE_LENGTH: usize = 2_000;

/// A customer as it is sent: what is omitted stays as it is, or takes its default.
#[derive(ToSchema)]
#[schema(as = CustomerInput)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub(crate) struct CustomerBody {
    /// The shop's own. Needed in an import; the path's wins.
    id: Option<Id>,
    /// May be blank.
    #[schema(max_length = 32)]
    mobile: Option<String>,
    /// May be blank.
    #[schema(max_length = 255)]
    full_name: Option<String>,
    /// `unknown` by default.
    #[schema(max_length = 16)]
    gender: Option<String>,
    /// Null clears it.
    #[schema(max_length = 254)]
    email: Option<String>,
    /// Null clears it.
    #[schema(value_type = Option<String>, format = Date)]
    birthday: Option<NaiveDate>,
    /// The merchant's.
    #[schema(max_length = 2000)]
    note: Option<String>,
    /// False by default.
    accepts_marketing: Option<bool>,
    /// When it was first stored here, by default.
    #[schema(format = DateTime)]
    created_at: Option<String>,
    /// Now, by default.
    #[schema(format = DateTime)]
    updated_at: Option<String>,
}

fn draft(fields: &mut Fields<'_>, zone: Tz) -> CustomerDraft {
    CustomerDraft {
        mobile: fields.optional("mobile", text(MOBILE_LENGTH, true)),
        full_name: fields.optional("full_name", text(255, true)),
        gender: fields.optional("gender", text(16, false)),
        email: fields.nullable("email", text(254, true)),
        birthday: fields.nullable("birthday", date),
        note: fields.optional("note", text(NOTE_LENGTH, true)),
        accepts_marketing: fields.optional("accepts_marketing", boolean),
        created_at: fields.optional("created_at", instant(zone)),
        updated_at: fields.optional("updated_at", instant(zone)),
    }
}

/// Reads a customer from a body.
pub(crate) fn parse(body: &Value, zone: Tz) -> Checked<CustomerDraft> {
    let mut fields = Fields::of(body)?;
    let draft = draft(&mut fields, zone);
    fields.build(|| Some(draft))
}

/// Reads an import: customers with their ids, no id twice.
pub(crate) fn parse_import(body: &Value, zone: Tz) -> Checked<Vec<(Id, CustomerDraft)>> {
    let customers = items(body, MOST, |item| {
        let mut fields = Fields::of(item)?;
        let id = fields.required("id", own_id);
        let draft = draft(&mut fields, zone);
        fields.build(|| Some((id?, draft)))
    })?;
    let mut seen = std::collections::HashSet::new();
    let errors: Vec<_> = customers
        .iter()
        .map(|(id, _)| match seen.insert(*id) {
            true => FieldErrors::NONE,
            false => FieldErrors::field("id", "This customer stands in the list already."),
        })
        .collect();
    if errors.iter().all(FieldErrors::is_empty) { Ok(customers) } else { Err(FieldErrors::Items(errors)) }
}
