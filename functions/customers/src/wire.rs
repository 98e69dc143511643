//! Customers as they are sent.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde_json::Value;
use shared::{
    FieldErrors,
    domain::{
        customer::{CustomerDraft, MOBILE_LENGTH},
        id::Id,
    },
    http::fields::{Checked, Fields, boolean, date, instant, items, own_id, text},
};
use utoipa::ToSchema;

/// The most customers of one import.
const MOST: usize = 1_000;
/// The longest note, in characters.
const NOTE_LENGTH: usize = 2_000;

/// A customer as it is sent. What is omitted takes its default in a new customer, and stays as it is in one that is there.
#[derive(ToSchema)]
#[schema(as = CustomerInput)]
#[allow(dead_code, reason = "describes the body; `parse` reads it with every error at once")]
pub(crate) struct CustomerBody {
    /// The shop's own id of the customer. Needed in an import; in a PUT the path's id counts and this one is ignored.
    #[schema(nullable = false, example = 123)]
    id: Option<Id>,
    /// The mobile number: at most 32 characters, may be blank. Blank by default.
    #[schema(nullable = false, max_length = 32, default = "", example = "15900960029")]
    mobile: Option<String>,
    /// The whole name: at most 255 characters, may be blank. Blank by default.
    #[schema(nullable = false, max_length = 255, default = "", example = "顾客")]
    full_name: Option<String>,
    /// The gender, as the shop names it: 1 to 16 characters. `unknown` by default.
    #[schema(nullable = false, min_length = 1, max_length = 16, default = "unknown", example = "unknown")]
    gender: Option<String>,
    /// The e-mail address: at most 254 characters, not checked further. Null clears it, and is the default.
    #[schema(max_length = 254, example = "guke@example.com")]
    email: Option<String>,
    /// The day of birth. Null clears it, and is the default.
    #[schema(value_type = Option<String>, format = Date, example = "1990-01-31")]
    birthday: Option<NaiveDate>,
    /// The merchant's note: at most 2000 characters, may be blank. Blank by default.
    #[schema(nullable = false, max_length = 2000, default = "", example = "")]
    note: Option<String>,
    /// Whether the customer agreed to advertising. False by default.
    #[schema(nullable = false, default = false, example = true)]
    accepts_marketing: Option<bool>,
    /// When the customer was created. By default the moment in which it is first stored here.
    #[schema(nullable = false, format = DateTime, example = "2018-09-03T13:56:15.425250+08:00")]
    created_at: Option<String>,
    /// When the customer was last changed. Now, by default.
    #[schema(nullable = false, format = DateTime, example = "2018-09-03T13:56:15.425284+08:00")]
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
