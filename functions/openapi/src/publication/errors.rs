//! The error replies that operations share: components of the description, each with its bodies and headers. The groups
//! of `shared::http::replies` refer to them by name.
#![allow(dead_code, reason = "these types describe bodies and replies")]

use utoipa::{
    PartialSchema, ToResponse, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Ref},
    },
};

/// An error in one sentence.
#[derive(ToSchema)]
pub(super) struct Detail {
    /// A sentence that says what is wrong.
    detail: String,
}

/// The messages of a body by the names of its fields. A type of our own, because it nests itself.
pub(super) struct FieldErrors;

impl ToSchema for FieldErrors {}

impl PartialSchema for FieldErrors {
    fn schema() -> RefOr<Schema> {
        let nested = || Ref::from_schema_name("FieldErrors");
        let messages = ArrayBuilder::new().items(String::schema());
        let of_field = AnyOfBuilder::new().item(messages).item(ArrayBuilder::new().items(nested())).item(nested());
        let told = "Messages by the name of the field they are about, and `non_field_errors` for the whole body. The errors \
                    of a nested object stand in an object of the same kind, those of a list's items under their \
                    numbers, from 0.";
        ObjectBuilder::new().description(Some(told)).additional_properties(Some(Schema::AnyOf(of_field.build()))).into()
    }
}

/// The body of a 400: errors of fields, or one sentence where the body is no JSON.
struct Refusal;

impl PartialSchema for Refusal {
    fn schema() -> RefOr<Schema> {
        refusal().into()
    }
}

/// The body of a 400 to a list: as [`Refusal`], or the errors of each item.
struct ListRefusal;

impl PartialSchema for ListRefusal {
    fn schema() -> RefOr<Schema> {
        refusal().item(ArrayBuilder::new().items(Ref::from_schema_name("FieldErrors"))).into()
    }
}

fn refusal() -> AnyOfBuilder {
    AnyOfBuilder::new().item(Ref::from_schema_name("FieldErrors")).item(Ref::from_schema_name("Detail"))
}

/// The body is wrong. Nothing is written.
#[derive(ToResponse)]
#[response(
    examples(
        ("fields" = (summary = "Fields that are wrong.", value = json!({"title": ["This field is required."], "points": ["A valid integer is required."]}))),
        ("nested" = (summary = "A field of a nested object.", value = json!({"price_rule": {"value": ["A valid number is required."]}}))),
        ("item" = (summary = "An item of a list field.", value = json!({"entitled_product_ids": {"1": ["A valid integer is required."]}}))),
        ("relation" = (summary = "An id that names nothing.", value = json!({"customer_id": ["Invalid pk \"999\" - object does not exist."]}))),
        ("whole" = (summary = "The whole body is wrong.", value = json!({"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}))),
        ("json" = (summary = "The body is no JSON.", value = json!({"detail": "JSON parse error - expected value at line 1 column 1"}))),
    ),
)]
pub(super) struct BadRequest(#[to_schema] Refusal);

/// The list or one of its items is wrong. Nothing is written.
#[derive(ToResponse)]
#[response(
    examples(
        ("items" = (summary = "The second item is wrong.", value = json!([{}, {"customer_id": ["This field is required."]}]))),
        ("whole" = (summary = "The list is empty.", value = json!({"non_field_errors": ["This list may not be empty."]}))),
        ("json" = (summary = "The body is no JSON.", value = json!({"detail": "JSON parse error - expected value at line 1 column 1"}))),
    ),
)]
pub(super) struct BadList(#[to_schema] ListRefusal);

/// A parameter is wrong.
#[derive(ToResponse)]
#[response(
    examples(
        ("number" = (summary = "No number.", value = json!({"id__in": ["Enter a number."]}))),
        ("choice" = (summary = "None of the choices.", value = json!({"order_by": ["Select a valid choice. title is not one of the available choices."]}))),
        ("instant" = (summary = "No instant.", value = json!({"created_at__gte": ["Enter a valid date/time."]}))),
    ),
)]
pub(super) struct BadQuery(FieldErrors);

/// There is no token, or it is unknown, expired or revoked.
#[derive(ToResponse)]
#[response(
    headers(("WWW-Authenticate")),
    examples(
        ("none" = (summary = "No token.", value = json!({"detail": "Authentication credentials were not provided."}))),
        ("unknown" = (summary = "A token that is not good.", value = json!({"detail": "Invalid token."}))),
    ),
)]
pub(super) struct Unauthenticated(Detail);

/// The token lacks the scope.
#[derive(ToResponse)]
#[response(
    headers(("WWW-Authenticate")),
    examples(
        ("scope" = (summary = "No such scope.", value = json!({"detail": "You do not have permission to perform this action."}))),
    ),
)]
pub(super) struct Forbidden(Detail);

/// There is no such row.
#[derive(ToResponse)]
#[response(examples(("row" = (summary = "No such row.", value = json!({"detail": "Not found."})))))]
pub(super) struct NotFound(Detail);

/// There is no such page.
#[derive(ToResponse)]
#[response(examples(("page" = (summary = "No such page.", value = json!({"detail": "Invalid page."})))))]
pub(super) struct InvalidPage(Detail);

/// The stored data forbids it. Nothing is written.
#[derive(ToResponse)]
pub(super) struct Conflict(Detail);

/// The first request with this `Idempotency-Key` is still at work.
#[derive(ToResponse)]
#[response(
    headers(("Retry-After")),
    examples(
        ("at_work" = (summary = "The first request is still at work.", value = json!({"detail": "The first request with this Idempotency-Key is still at work."}))),
    ),
)]
pub(super) struct KeyAtWork(Detail);

/// The body is larger than 5 MB.
#[derive(ToResponse)]
#[response(examples(("limit" = (summary = "Over the limit.", value = json!({"detail": "The body is larger than 5242880 bytes."})))))]
pub(super) struct TooLarge(Detail);

/// The body is not `application/json`.
#[derive(ToResponse)]
#[response(examples(("text" = (summary = "A text.", value = json!({"detail": "Unsupported media type \"text/plain\" in request."})))))]
pub(super) struct UnsupportedMediaType(Detail);

/// This `Idempotency-Key` was used for another request.
#[derive(ToResponse)]
#[response(examples(("reused" = (summary = "A key for two requests.", value = json!({"detail": "This Idempotency-Key was used for another request."})))))]
pub(super) struct KeyReused(Detail);

/// Too many requests.
#[derive(ToResponse)]
#[response(
    headers(("Retry-After")),
    examples(
        ("throttled" = (summary = "Too many attempts.", value = json!({"detail": "Request was throttled. Expected available in 420 seconds."}))),
    ),
)]
pub(super) struct Throttled(Detail);

/// The service is at fault.
#[derive(ToResponse)]
#[response(examples(("fault" = (summary = "A fault.", value = json!({"detail": "A server error occurred. Request id: 5b1f0f5c8e6d4c0fa3c1d2e4f5a6b7c8"})))))]
pub(super) struct ServerError(Detail);

/// The service is busy, or gave up after 25 seconds. A change may have been made: send it again with its `Idempotency-Key`.
#[derive(ToResponse)]
#[response(
    headers(("Retry-After")),
    examples(
        ("busy" = (summary = "Busy.", value = json!({"detail": "The service is busy. Please try again. Request id: 5b1f0f5c8e6d4c0fa3c1d2e4f5a6b7c8"}))),
    ),
)]
pub(super) struct Unavailable(Detail);
