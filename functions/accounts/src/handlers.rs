use axum::{extract::State, response::Response};
use shared::{
    App, Error,
    domain::id::Id,
    http::{
        access::{Loyalty, Read},
        envelope,
        path::PathId,
        replies::RowErrors,
    },
    table::accounts,
};

use crate::wire::AccountReply;

/// Reads the account of a customer.
#[utoipa::path(
    get, path = "/api/loyalty/account/{customer_id}/", operation_id = "account_get", tag = "loyalty",
    params(("customer_id" = Id, Path, description = "The shop's own id of the customer.", example = 50784)),
    responses((status = 200, body = AccountReply), RowErrors),
)]
pub(crate) async fn get(
    Read(caller, ..): Read<Loyalty>,
    State(app): State<App>,
    PathId(customer_id): PathId,
) -> Result<Response, Error> {
    let overview = accounts::overview(&app.store, &caller.shop, customer_id, app.clock.now()).await?;
    envelope::ok(&AccountReply::new(overview, caller.shop.zone))
}
