use crate::wire::{OrderInput, customer_of, parse};
use axum::{extract::State, response::Response};
use chrono_tz::Tz;
use lambda_http::http::StatusCode;
use serde_json::value::RawValue;
use shared::{
    App, Error, ErrorReply,
    domain::id::Id,
    http::{
        access::{Orders, Read, Write},
        change::{Change, IdempotencyKey},
        envelope,
        path::PathId,
        replies::{ChangeErrors, RowErrors},
    },
    shop::{
        crm::customers,
        orders::{self, rows::OrderWithCustomer},
    },
    wire::{customer::CustomerReply, order},
};

/// Returns the order as the shop sent it, with the customer as stored here.
fn render(shown: &OrderWithCustomer, zone: Tz) -> Result<Box<RawValue>, Error> {
    let customer = shown.customer.as_ref().map(|customer| CustomerReply::new(customer, zone));
    order::render(&shown.order, customer.as_ref())
}

/// Reads an order.
///
/// The order as the shop sent it, with the customer as stored here.
#[utoipa::path(
    get, path = "/api/orders/order/{id}/", operation_id = "order_get", tag = "orders",
    params(("id" = Id, Path, description = "The shop's own id of the order.", example = 2528283)),
    responses((status = 200, body = order::Order), RowErrors),
)]
pub(crate) async fn get(
    Read(caller, ..): Read<Orders>,
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Response, ErrorReply> {
    let shown = orders::rows::get(&app.store, caller.shop_id(), id).await?;
    envelope::ok(&render(&shown, caller.shop.zone)?)
}

/// Stores an order as the shop sends it, and lets its state act once.
///
/// Becoming paid earns points: paid x (1 + `gain_points`) of the customer's level at that moment, rounded down. A
/// growing `refunded_price` takes points back in proportion to all that is refunded so far. A cancelled order gives
/// back the points spent on it and the codes that it uses, and loses what it earned. An order without a customer earns
/// nothing. A snapshot older by `updated_at` than the stored one is answered 200 and ignored.
#[utoipa::path(
    put, path = "/api/orders/order/{id}/", operation_id = "order_put", tag = "orders",
    params(("id" = Id, Path, description = "The shop's own id of the order.", example = 2528283), IdempotencyKey),
    request_body = OrderInput,
    responses((status = 201, body = order::Order), (status = 200, body = order::Order), ChangeErrors, RowErrors),
)]
pub(crate) async fn put(
    Write(caller, ..): Write<Orders>,
    State(app): State<App>,
    PathId(id): PathId,
    change: Change,
) -> Result<Response, ErrorReply> {
    let (zone, store) = (caller.shop.zone, &app.store);
    let plan = async || {
        let body = change.body()?;
        let read = parse(id, body, zone);
        let mut snapshot = customers::read_beside(store, caller.shop_id(), customer_of(body), read).await?;
        snapshot.body = order::body(id, change.text()?)?;
        let (transaction, put) = orders::rows::put(store, &caller.shop, &snapshot, change.at).await?;
        let status = if put.is_new { StatusCode::CREATED } else { StatusCode::OK };
        let reply = envelope::reply(status, &render(&put.shown, zone)?)?;
        Ok((transaction, reply, put.unsettled.then_some(id)))
    };
    change.once_and_settle(&app, &caller, plan).await
}
