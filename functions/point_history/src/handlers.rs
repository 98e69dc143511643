use crate::wire::{
    EntryDetail, EntryReply, PointHistoryAdjust, PointHistoryRedeem, PointHistoryRefund, PointHistorySign,
};
use axum::{extract::State, response::Response};
use shared::{
    App, Error, ErrorReply,
    app::Caller,
    domain::id::Id,
    http::{
        access::{Loyalty, Read, Write},
        body::Body,
        change::{Change, IdempotencyKey},
        envelope::{self, Envelope},
        fields::named,
        path::PathId,
        query::{ListParameters, OrderBy, OrderByIdOrCreation, Query},
        replies::{ChangeErrors, ListErrors, RowErrors},
    },
    shop::{
        crm::customers,
        loyalty::{
            self,
            changes::{self, Posted},
        },
    },
    store::{pages::Direction, transaction::Transaction},
};

/// Lists the entries of the point history, newest first.
///
/// The ledger is append-only: an entry is never changed or deleted, and the sum of a customer's entries is the balance.
#[utoipa::path(
    get, path = "/api/loyalty/point_history/", operation_id = "point_history_list", tag = "loyalty",
    params(
        ("customer" = Option<Id>, Query, description = "Only the entries of the customer with this id.", example = 50784),
        ("customer__in" = Option<String>, Query, description = "Only the entries of the customers with these ids, \
            with commas between them: at most 100.", example = "50784,100000"),
        ListParameters, OrderByIdOrCreation,
    ),
    responses((status = 200, body = Envelope<EntryReply>), ListErrors),
)]
pub(crate) async fn list(
    Read(caller, ..): Read<Loyalty>,
    State(app): State<App>,
    mut query: Query,
) -> Result<Response, ErrorReply> {
    let (store, shop) = (&app.store, caller.shop_id());
    let (_, direction) = query.order_by((OrderBy::Id, Direction::Descending), true);
    let customers = query.one_or_many("customer", "customer__in");
    let select = query.select(direction)?;
    let page = match customers {
        Some(customers) => loyalty::history::page_of_customers(store, shop, &customers, &select).await?,
        None => loyalty::history::page(store, shop, &select).await?,
    };
    let nested = loyalty::history::nested(store, shop, &page.rows, true).await?;
    let page = page.try_map(|entry| EntryReply::new(entry, &nested, caller.shop.zone))?;
    query.address.list(page, select.size, |entry| entry)
}

/// Reads an entry of the point history.
///
/// Here the order is named by `order_id`; a list nests it.
#[utoipa::path(
    get, path = "/api/loyalty/point_history/{id}/", operation_id = "point_history_get", tag = "loyalty",
    params(("id" = Id, Path, description = "The id of the entry.", example = 11742)),
    responses((status = 200, body = EntryDetail), RowErrors),
)]
pub(crate) async fn get(
    Read(caller, ..): Read<Loyalty>,
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Response, ErrorReply> {
    let entry = loyalty::history::get(&app.store, caller.shop_id(), id).await?;
    let entries = std::slice::from_ref(&entry);
    let nested = loyalty::history::nested(&app.store, caller.shop_id(), entries, false).await?;
    envelope::ok(&EntryDetail::new(entry, &nested, caller.shop.zone))
}

/// Adjusts the points of a customer.
///
/// Writes an entry of the kind `manual`. A positive adjustment counts for the level, a negative one does not lower it.
#[utoipa::path(
    post, path = "/api/loyalty/point_history/adjust/", operation_id = "point_history_adjust", tag = "loyalty",
    params(IdempotencyKey),
    request_body = PointHistoryAdjust,
    responses((status = 201, body = EntryReply), ChangeErrors),
)]
pub(crate) async fn adjust(
    Write(caller, ..): Write<Loyalty>,
    State(app): State<App>,
    change: Change,
) -> Result<Response, ErrorReply> {
    let plan = async || {
        let adjust = read::<PointHistoryAdjust>(&app, &caller, &change).await?;
        let adjust = (adjust.customer_id, adjust.points);
        posted(changes::adjust(&app.store, &caller.shop, adjust, change.at).await?, &caller)
    };
    change.create(&app, &caller, plan).await
}

/// Signs a customer in.
///
/// Writes an entry of the kind `sign` with the `sign_points` of the customer's level, once per day of the shop's zone.
#[utoipa::path(
    post, path = "/api/loyalty/point_history/sign/", operation_id = "point_history_sign", tag = "loyalty",
    params(IdempotencyKey),
    request_body = PointHistorySign,
    responses(
        (status = 201, body = EntryReply),
        ChangeErrors,
        (status = 409, description = "The customer has signed in today, or stands on no level."),
    ),
)]
pub(crate) async fn sign(
    Write(caller, ..): Write<Loyalty>,
    State(app): State<App>,
    change: Change,
) -> Result<Response, ErrorReply> {
    let plan = async || {
        let customer_id = change.parsed(|body| PointHistorySign::parse(body, caller.shop.zone))?.customer_id;
        posted(changes::sign(&app.store, &caller.shop, customer_id, change.at).await?, &caller)
    };
    change.create(&app, &caller, plan).await
}

/// Spends points of a customer.
///
/// Writes an entry of the kind `redeem` with negative points and `points_price`, what they are worth. Refused with 400
/// on `points` where it is more than the balance, the cap of one redemption or what is left of the month's cap; the
/// message says which and how much is left. Points worth less than 0.01 yuan are refused too. An order has at most 10
/// live redemptions.
#[utoipa::path(
    post, path = "/api/loyalty/point_history/redeem/", operation_id = "point_history_redeem", tag = "loyalty",
    params(IdempotencyKey),
    request_body = PointHistoryRedeem,
    responses((status = 201, body = EntryReply), ChangeErrors, (status = 409, description = "The order is cancelled.")),
)]
pub(crate) async fn redeem(
    Write(caller, ..): Write<Loyalty>,
    State(app): State<App>,
    change: Change,
) -> Result<Response, ErrorReply> {
    let plan = async || {
        let redemption = read::<PointHistoryRedeem>(&app, &caller, &change).await?;
        posted(changes::redeem(&app.store, &caller.shop, redemption, change.at).await?, &caller)
    };
    change.create(&app, &caller, plan).await
}

/// Gives a redemption back, once.
///
/// Writes an entry of the kind `refund`. The points go back to the month in which they were redeemed.
#[utoipa::path(
    post, path = "/api/loyalty/point_history/refund/", operation_id = "point_history_refund", tag = "loyalty",
    params(IdempotencyKey),
    request_body = PointHistoryRefund,
    responses(
        (status = 201, body = EntryReply),
        ChangeErrors,
        (status = 409, description = "The redemption was given back already."),
    ),
)]
pub(crate) async fn refund(
    Write(caller, ..): Write<Loyalty>,
    State(app): State<App>,
    change: Change,
) -> Result<Response, ErrorReply> {
    let plan = async || {
        let refund = change.parsed(|body| PointHistoryRefund::parse(body, caller.shop.zone))?;
        let redemption_id = refund.point_history_id;
        posted(changes::refund(&app.store, &caller.shop, redemption_id, change.at).await?, &caller)
    };
    change.create(&app, &caller, plan).await
}

/// Returns a planned entry with its reply.
fn posted((transaction, posted): (Transaction, Posted), caller: &Caller) -> Result<(Transaction, EntryReply), Error> {
    Ok((transaction, EntryReply::of_posted(posted, caller.shop.zone)?))
}

/// Reads a body. All errors are answered at once, so also, and first, an error for a customer who does not exist.
async fn read<B: Body<Target: Default>>(app: &App, caller: &Caller, change: &Change) -> Result<B::Target, Error> {
    let body = change.body()?;
    let read = B::parse(body, caller.shop.zone);
    customers::read_beside(&app.store, caller.shop_id(), named(body, "customer_id"), read).await
}
