use crate::wire::{LevelInput, LevelUpdate};
use axum::{extract::State, response::Response};
use shared::{
    App, ErrorReply,
    domain::id::Id,
    http::{
        access::{Loyalty, Read, Write},
        body::Body as _,
        change::{self, Change, IdempotencyKey},
        envelope::{self, Envelope},
        path::PathId,
        query::{ListParameters, OrderBy, OrderById, Query},
        replies::{ChangeErrors, ListErrors, RowErrors},
    },
    shop::loyalty::levels,
    store::pages::Direction,
    wire::level::LevelReply,
};

/// Lists the levels, by id.
#[utoipa::path(
    get, path = "/api/loyalty/level/", operation_id = "level_list", tag = "loyalty",
    params(ListParameters, OrderById),
    responses((status = 200, body = Envelope<LevelReply>), ListErrors),
)]
pub(crate) async fn list(
    Read(caller, ..): Read<Loyalty>,
    State(app): State<App>,
    mut query: Query,
) -> Result<Response, ErrorReply> {
    let (_, direction) = query.order_by((OrderBy::Id, Direction::Ascending), false);
    let select = query.select(direction)?;
    let page = levels::page(&app.store, caller.shop_id(), &select).await?;
    query.address.list(page, select.size, LevelReply::from)
}

/// Reads a level.
#[utoipa::path(
    get, path = "/api/loyalty/level/{id}/", operation_id = "level_get", tag = "loyalty",
    params(("id" = Id, Path, description = "The id of the level.", example = 5)),
    responses((status = 200, body = LevelReply), RowErrors),
)]
pub(crate) async fn get(
    Read(caller, ..): Read<Loyalty>,
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Response, ErrorReply> {
    let level = levels::get(&app.store, caller.shop_id(), id).await?;
    envelope::ok(&LevelReply::from(level))
}

/// Creates a level.
///
/// A customer stands on the highest level whose `condition_points` are not above the points that the customer has ever
/// earned; of equal ones on that with the lower id.
#[utoipa::path(
    post, path = "/api/loyalty/level/", operation_id = "level_create", tag = "loyalty",
    params(IdempotencyKey),
    request_body = LevelInput,
    responses((status = 201, body = LevelReply), ChangeErrors),
)]
pub(crate) async fn create(
    Write(caller, ..): Write<Loyalty>,
    State(app): State<App>,
    change: Change,
) -> Result<Response, ErrorReply> {
    let plan = async || {
        let draft = change.parsed(|body| LevelInput::parse(body, caller.shop.zone))?;
        let (transaction, level) = levels::create(&app.store, caller.shop_id(), draft).await?;
        Ok((transaction, LevelReply::from(level)))
    };
    change.create(&app, &caller, plan).await
}

/// Changes a level.
///
/// `title` is needed; numbers that are omitted stay as they are.
#[utoipa::path(
    put, path = "/api/loyalty/level/{id}/", operation_id = "level_update", tag = "loyalty",
    params(("id" = Id, Path, description = "The id of the level.", example = 5), IdempotencyKey),
    request_body = LevelUpdate,
    responses((status = 200, body = LevelReply), ChangeErrors, RowErrors),
)]
pub(crate) async fn update(
    Write(caller, ..): Write<Loyalty>,
    State(app): State<App>,
    PathId(id): PathId,
    change: Change,
) -> Result<Response, ErrorReply> {
    let plan = async || {
        let draft = change.parsed(|body| LevelUpdate::parse(body, caller.shop.zone));
        let (transaction, level) = levels::update(&app.store, caller.shop_id(), id, draft).await?;
        Ok((transaction, LevelReply::from(level)))
    };
    change.update(&app, &caller, plan).await
}

/// Deletes a level.
///
/// Its customers stand on the level below from then on. Their entries stay.
#[utoipa::path(
    delete, path = "/api/loyalty/level/{id}/", operation_id = "level_delete", tag = "loyalty",
    params(("id" = Id, Path, description = "The id of the level.", example = 5)),
    responses((status = 204), RowErrors),
)]
pub(crate) async fn delete(
    Write(caller, ..): Write<Loyalty>,
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Response, ErrorReply> {
    change::delete(&app, || levels::delete(&app.store, caller.shop_id(), id)).await
}
