use crate::wire::AccountReply;
use axum::{extract::State, response::Response};
use shared::{
    App, ErrorReply,
    domain::id::Id,
    http::{
        access::{Loyalty, Read},
        envelope,
        path::PathId,
        replies::RowErrors,
    },
    shop::loyalty::accounts,
};

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
) -> Result<Response, ErrorReply> {
    let overview = accounts::overview(&app.store, &caller.shop, customer_id, app.clock.now()).await?;
    envelope::ok(&AccountReply::new(overview, caller.shop.zone))
}
