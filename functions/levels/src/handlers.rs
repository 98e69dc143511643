use axum::{extract::State, response::Response};
use lambda_http::http::StatusCode;
use shared::{
    App, Error,
    domain::id::Id,
    http::{
        access::{Loyalty, Read, Write},
        change::Change,
        envelope::{self, Envelope},
        level::LevelReply,
        path::PathId,
        query::{ListParameters, OrderBy, Query},
    },
    table::{levels, pages::Direction},
};

use crate::wire::{LevelBody, parse};

/// Lists the levels, by id.
#[utoipa::path(
    get, path = "/api/loyalty/level/", operation_id = "level_list", tag = "loyalty",
    params(ListParameters),
    responses((status = 200, body = Envelope<LevelReply>)),
)]
pub(crate) async fn list(
    Read(caller, ..): Read<Loyalty>,
    State(app): State<App>,
    mut query: Query,
) -> Result<Response, Error> {
    let (_, direction) = query.order_by((OrderBy::Id, Direction::Ascending), false);
    let select = query.select(direction)?;
    let page = levels::page(&app.store, caller.shop_id(), &select).await?;
    query.address.list(page, select.size, LevelReply::from)
}

/// A level.
#[utoipa::path(
    get, path = "/api/loyalty/level/{id}/", operation_id = "level_get", tag = "loyalty",
    params(("id" = Id, Path)),
    responses((status = 200, body = LevelReply), (status = 404)),
)]
pub(crate) async fn get(
    Read(caller, ..): Read<Loyalty>,
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Response, Error> {
    let level = levels::get(&app.store, caller.shop_id(), id).await?;
    envelope::ok(&LevelReply::from(level))
}

/// Creates a level.
#[utoipa::path(
    post, path = "/api/loyalty/level/", operation_id = "level_create", tag = "loyalty",
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = LevelBody,
    responses((status = 201, body = LevelReply), (status = 400)),
)]
pub(crate) async fn create(
    Write(caller, ..): Write<Loyalty>,
    State(app): State<App>,
    change: Change,
) -> Result<Response, Error> {
    let plan = async || {
        let draft = change.parsed(parse)?;
        let (transaction, level) = levels::create(&app.store, caller.shop_id(), draft).await?;
        Ok((transaction, envelope::reply(StatusCode::CREATED, &LevelReply::from(level))?))
    };
    change.once(&app, &caller, plan).await
}

/// Changes a level.
#[utoipa::path(
    put, path = "/api/loyalty/level/{id}/", operation_id = "level_update", tag = "loyalty",
    params(("id" = Id, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = LevelBody,
    responses((status = 200, body = LevelReply), (status = 400), (status = 404)),
)]
pub(crate) async fn update(
    Write(caller, ..): Write<Loyalty>,
    State(app): State<App>,
    PathId(id): PathId,
    change: Change,
) -> Result<Response, Error> {
    let plan = async || {
        let draft = change.parsed(parse);
        let (transaction, level) = levels::update(&app.store, caller.shop_id(), id, draft).await?;
        Ok((transaction, envelope::reply(StatusCode::OK, &LevelReply::from(level))?))
    };
    change.once(&app, &caller, plan).await
}

/// Deletes a level.
#[utoipa::path(
    delete, path = "/api/loyalty/level/{id}/", operation_id = "level_delete", tag = "loyalty",
    params(("id" = Id, Path)),
    responses((status = 204), (status = 404)),
)]
pub(crate) async fn delete(
    Write(caller, ..): Write<Loyalty>,
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Response, Error> {
    app.store.carry_out(|| levels::delete(&app.store, caller.shop_id(), id)).await?;
    Ok(envelope::no_content())
}
