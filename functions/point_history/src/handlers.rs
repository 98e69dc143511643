use axum::{extract::State, response::Response};
use lambda_http::http::StatusCode;
use serde_json::Value;
use shared::{
    App, Error, FieldErrors,
    domain::{id::Id, shop::ShopId},
    http::{
        access::{Loyalty, Read, Write},
        change::Change,
        envelope::{self, Envelope},
        fields,
        path::PathId,
        query::{ListParameters, OrderBy, Query},
    },
    table::{
        customers,
        pages::Direction,
        point_history::{self, EntryError, Nested},
        store::Store,
    },
};

use crate::wire::{AdjustBody, EntryDetail, EntryReply, customer_of, parse};

/// Lists the entries, newest first.
#[utoipa::path(
    get, path = "/api/loyalty/point_history/", operation_id = "point_history_list", tag = "loyalty",
    params(
        ("customer" = Option<Id>, Query, description = "Only entries of this customer"),
        ("customer__in" = Option<String>, Query, description = "Only entries of these, with commas, at most 100"),
        ListParameters,
    ),
    responses((status = 200, body = Envelope<EntryReply>)),
)]
pub(crate) async fn list(
    Read(caller, ..): Read<Loyalty>,
    State(app): State<App>,
    mut query: Query,
) -> Result<Response, Error> {
    let (store, shop) = (&app.store, caller.shop_id());
    let (_, direction) = query.order_by((OrderBy::Id, Direction::Descending), true);
    let customers = query.one_or_many("customer", "customer__in");
    let select = query.select(direction)?;
    let page = match customers {
        Some(customers) => point_history::page_of_customers(store, shop, &customers, &select).await?,
        None => point_history::page(store, shop, &select).await?,
    };
    let nested = point_history::nested(store, shop, &page.rows, true).await?;
    let page = page.try_map(|entry| EntryReply::new(entry, &nested, caller.shop.zone))?;
    query.address.list(page, select.size, |entry| entry)
}

/// An entry.
#[utoipa::path(
    get, path = "/api/loyalty/point_history/{id}/", operation_id = "point_history_get", tag = "loyalty",
    params(("id" = Id, Path)),
    responses((status = 200, body = EntryDetail), (status = 404)),
)]
pub(crate) async fn get(
    Read(caller, ..): Read<Loyalty>,
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Response, Error> {
    let entry = point_history::get(&app.store, caller.shop_id(), id).await?;
    let entries = std::slice::from_ref(&entry);
    let nested = point_history::nested(&app.store, caller.shop_id(), entries, false).await?;
    envelope::ok(&EntryDetail::new(entry, &nested, caller.shop.zone))
}

/// Adjusts the points of a customer.
#[utoipa::path(
    post, path = "/api/loyalty/point_history/adjust/", operation_id = "point_history_adjust", tag = "loyalty",
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = AdjustBody,
    responses((status = 201, body = EntryReply), (status = 400)),
)]
pub(crate) async fn adjust(
    Write(caller, ..): Write<Loyalty>,
    State(app): State<App>,
    change: Change,
) -> Result<Response, Error> {
    let (store, shop) = (&app.store, caller.shop_id());
    let plan = async || {
        let body = change.body()?;
        let adjust = match parse(body) {
            Ok(adjust) => adjust,
            // All errors are answered at once, so also whether there is such a customer.
            Err(errors) => return Err(Error::Invalid(with_customer(store, shop, body, errors).await?)),
        };
        let draft = point_history::adjustment(adjust.customer_id, adjust.points, change.at);
        let (transaction, (entry, customer)) =
            point_history::append(store, shop, draft).await.map_err(|error| match error {
                EntryError::UnknownCustomer => Error::Invalid(unknown_customer(adjust.customer_id)),
                EntryError::Refused(refusal) => Error::field("points", refusal.to_string()),
                EntryError::Failed(error) => error,
            })?;
        let nested = Nested { customers: [(customer.id, customer)].into(), ..Nested::default() };
        let reply = EntryReply::new(entry, &nested, caller.shop.zone)?;
        Ok((transaction, envelope::reply(StatusCode::CREATED, &reply)?))
    };
    change.once(&app, &caller, plan).await
}

fn unknown_customer(id: Id) -> FieldErrors {
    FieldErrors::Fields(vec![("customer_id".into(), fields::missing(id))])
}

/// The errors of a body, and first among them that there is no such customer, if it names one that is not there.
async fn with_customer(store: &Store, shop: &ShopId, body: &Value, errors: FieldErrors) -> Result<FieldErrors, Error> {
    match customer_of(body) {
        Some(id) if customers::get(store, shop, id).await?.is_none() => Ok(unknown_customer(id).and(errors)),
        _ => Ok(errors),
    }
}
