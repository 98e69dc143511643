use crate::wire::{CustomerImport, CustomerInput, parse_import};
use axum::{extract::State, response::Response};
use lambda_http::http::StatusCode;
use shared::{
    App, Error, ErrorReply,
    domain::id::Id,
    http::{
        access::{Crm, Read, Write},
        body::Body as _,
        change::{Change, IdempotencyKey},
        envelope::{self, Envelope},
        path::PathId,
        query::{ListParameters, OrderBy, OrderByIdOrCreation, Query},
        replies::{BatchErrors, ChangeErrors, ListErrors, RowErrors},
    },
    shop::crm::{
        self,
        customers::{self, Filter, Order},
    },
    store::{batches::Batch, pages::Direction},
    wire::{customer::CustomerReply, customer_import as import},
};

/// Lists the customers, newest created first.
#[utoipa::path(
    get, path = "/api/crm/customer/", operation_id = "customer_list", tag = "crm",
    params(
        ("id" = Option<Id>, Query, description = "Only the customer with this id."),
        ("id__in" = Option<String>, Query, description = "Only the customers with these ids, with commas between \
            them: at most 100.", example = "123,22750"),
        ("mobile" = Option<String>, Query, description = "Only the customers with exactly this mobile number."),
        ListParameters, OrderByIdOrCreation,
    ),
    responses((status = 200, body = Envelope<CustomerReply>), ListErrors),
)]
pub(crate) async fn list(
    Read(caller, ..): Read<Crm>,
    State(app): State<App>,
    mut query: Query,
) -> Result<Response, ErrorReply> {
    let (order_by, direction) = query.order_by((OrderBy::CreatedAt, Direction::Descending), true);
    let order = match order_by {
        OrderBy::Id => Order::Id,
        OrderBy::CreatedAt => Order::Created,
    };
    let filter = Filter { ids: query.one_or_many("id", "id__in"), mobile: query.text("mobile").map(str::to_owned) };
    let select = query.select(direction)?;
    let page = customers::page(&app.store, caller.shop_id(), &filter, order, &select).await?;
    query.address.list(page, select.size, |customer| CustomerReply::new(&customer, caller.shop.zone))
}

/// Reads a customer.
#[utoipa::path(
    get, path = "/api/crm/customer/{id}/", operation_id = "customer_get", tag = "crm",
    params(("id" = Id, Path, description = "The shop's own id of the customer.", example = 50784)),
    responses((status = 200, body = CustomerReply), RowErrors),
)]
pub(crate) async fn get(
    Read(caller, ..): Read<Crm>,
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Response, ErrorReply> {
    let customer = customers::get(&app.store, caller.shop_id(), id).await?.ok_or(Error::NotFound)?;
    envelope::ok(&CustomerReply::new(&customer, caller.shop.zone))
}

/// Creates a customer under the shop's own id, or changes the one that is there.
#[utoipa::path(
    put, path = "/api/crm/customer/{id}/", operation_id = "customer_put", tag = "crm",
    params(("id" = Id, Path, description = "The shop's own id of the customer.", example = 50784), IdempotencyKey),
    request_body = CustomerInput,
    responses((status = 201, body = CustomerReply), (status = 200, body = CustomerReply), ChangeErrors, RowErrors),
)]
pub(crate) async fn put(
    Write(caller, ..): Write<Crm>,
    State(app): State<App>,
    PathId(id): PathId,
    change: Change,
) -> Result<Response, ErrorReply> {
    let zone = caller.shop.zone;
    let plan = async || {
        let draft = change.parsed(|body| CustomerInput::parse(body, zone))?;
        let (transaction, put) = customers::put(&app.store, caller.shop_id(), id, draft, change.at).await?;
        let status = if put.created { StatusCode::CREATED } else { StatusCode::OK };
        Ok((transaction, envelope::reply(status, &CustomerReply::new(&put.customer, zone))?))
    };
    change.once(&app, &caller, plan).await
}

/// Imports 1 to 1000 customers, all or none.
///
/// Each is created, or changed where it is there. The reply lists them in the order of the input; `count` is their
/// number, `next` and `previous` are null. An import whose reply would pass 5 MB is refused before anything is written.
#[utoipa::path(
    post, path = "/api/crm/customer/", operation_id = "customer_import", tag = "crm",
    params(IdempotencyKey),
    request_body = Vec<CustomerImport>,
    responses((status = 201, body = Envelope<CustomerReply>), BatchErrors),
)]
pub(crate) async fn import_many(
    Write(caller, ..): Write<Crm>,
    State(app): State<App>,
    change: Change,
) -> Result<Response, ErrorReply> {
    let parse = || change.parsed(|body| parse_import(body, caller.shop.zone));
    if let Ok(drafts) = parse()
        && drafts.len() > crm::import::FEW
    {
        let work = async |batch: Batch| import::finish(&app.store, &caller.shop, batch).await;
        let prepare = async || {
            import::check(&app.store, &caller.shop, &drafts, change.at).await?;
            Ok(drafts.clone())
        };
        return change.batch(&app, &caller, crm::import::KIND, prepare, work).await;
    }
    let plan = async || {
        let drafts = parse()?;
        let (transaction, puts) = crm::import::plan(&app.store, caller.shop_id(), &drafts, change.at).await?;
        let customers = puts.into_iter().map(|put| put.customer).collect();
        Ok((transaction, import::reply(customers, caller.shop.zone)?))
    };
    change.once(&app, &caller, plan).await
}
