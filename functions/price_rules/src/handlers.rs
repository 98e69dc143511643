use axum::{extract::State, response::Response};
use shared::{
    App, ErrorReply,
    domain::id::Id,
    http::{
        access::{Discounts, Read, Write},
        body::Body as _,
        change::{self, Change, IdempotencyKey},
        envelope::{self, Envelope},
        path::PathId,
        query::{ListParameters, OrderBy, OrderById, Query},
        replies::{ChangeErrors, ListErrors, RowErrors},
    },
    shop::discounts::rules::{self, rows::Filter},
    store::pages::Direction,
    wire::{
        price_rule::PriceRuleReply,
        price_rule_input::{PriceRuleInput, PriceRuleUpdate},
    },
};

/// Lists the price rules, newest first.
#[utoipa::path(
    get, path = "/api/discounts/price_rule/", operation_id = "price_rule_list", tag = "discounts",
    params(
        ("id" = Option<Id>, Query, description = "Only the price rule with this id."),
        ("id__in" = Option<String>, Query, description = "Only the price rules with these ids, with commas between \
            them: at most 100.", example = "5389,5527"),
        ("automatic_discount" = Option<bool>, Query, description = "Only the rules that a checkout gets without a \
            code (`true`), or only the others (`false`)."),
        ("title" = Option<String>, Query, description = "Only the rules with exactly this title."),
        ("starts_at" = Option<String>, Query, format = DateTime, description = "Only the rules that start at exactly \
            this instant."),
        ("ends_at" = Option<String>, Query, format = DateTime, description = "Only the rules that end at exactly this \
            instant."),
        ListParameters, OrderById,
    ),
    responses((status = 200, body = Envelope<PriceRuleReply>), ListErrors),
)]
pub(crate) async fn list(
    Read(caller, ..): Read<Discounts>,
    State(app): State<App>,
    mut query: Query,
) -> Result<Response, ErrorReply> {
    let zone = caller.shop.zone;
    let (_, direction) = query.order_by((OrderBy::Id, Direction::Descending), false);
    let filter = Filter {
        ids: query.one_or_many("id", "id__in"),
        automatic_discount: query.boolean("automatic_discount"),
        title: query.text("title").map(str::to_owned),
        starts_at: query.instant("starts_at", zone),
        ends_at: query.instant("ends_at", zone),
    };
    let select = query.select(direction)?;
    let page = rules::rows::page(&app.store, caller.shop_id(), &filter, &select).await?;
    query.address.list(page, select.size, |rule| PriceRuleReply::new(&rule, zone))
}

/// Reads a price rule.
#[utoipa::path(
    get, path = "/api/discounts/price_rule/{id}/", operation_id = "price_rule_get", tag = "discounts",
    params(("id" = Id, Path, description = "The id of the price rule.", example = 5527)),
    responses((status = 200, body = PriceRuleReply), RowErrors),
)]
pub(crate) async fn get(
    Read(caller, ..): Read<Discounts>,
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Response, ErrorReply> {
    let rule = rules::rows::get(&app.store, caller.shop_id(), id).await?;
    envelope::ok(&PriceRuleReply::new(&rule, caller.shop.zone))
}

/// Creates a price rule.
#[utoipa::path(
    post, path = "/api/discounts/price_rule/", operation_id = "price_rule_create", tag = "discounts",
    params(IdempotencyKey),
    request_body = PriceRuleInput,
    responses(
        (status = 201, body = PriceRuleReply),
        ChangeErrors,
        (status = 409, description = "The shop has 10000 price rules already."),
    ),
)]
pub(crate) async fn create(
    Write(caller, ..): Write<Discounts>,
    State(app): State<App>,
    change: Change,
) -> Result<Response, ErrorReply> {
    let zone = caller.shop.zone;
    let plan = async || {
        let rule = change.parsed(|body| PriceRuleInput::parse(body, zone))?;
        let (transaction, rule) = rules::rows::create(&app.store, caller.shop_id(), rule).await?;
        Ok((transaction, PriceRuleReply::new(&rule, zone)))
    };
    change.create(&app, &caller, plan).await
}

/// Changes a price rule.
///
/// `title`, `value` and `value_type` are needed; what else is omitted stays as it is, null clears. A rule that a coupon
/// has cannot become an automatic discount (400). A changed `usage_limit` or `allocation_limit` holds exactly for every
/// request that begins after this one was answered.
#[utoipa::path(
    put, path = "/api/discounts/price_rule/{id}/", operation_id = "price_rule_update", tag = "discounts",
    params(("id" = Id, Path, description = "The id of the price rule.", example = 5527), IdempotencyKey),
    request_body = PriceRuleUpdate,
    responses((status = 200, body = PriceRuleReply), ChangeErrors, RowErrors),
)]
pub(crate) async fn update(
    Write(caller, ..): Write<Discounts>,
    State(app): State<App>,
    PathId(id): PathId,
    change: Change,
) -> Result<Response, ErrorReply> {
    let zone = caller.shop.zone;
    let plan = async || {
        let over = |stored| change.parsed(|body| PriceRuleUpdate::parse_over(body, stored, zone));
        let (transaction, rule) = rules::rows::update(&app.store, caller.shop_id(), id, over).await?;
        Ok((transaction, PriceRuleReply::new(&rule, zone)))
    };
    change.update(&app, &caller, plan).await
}

/// Deletes a price rule.
///
/// Only one that no coupon has.
#[utoipa::path(
    delete, path = "/api/discounts/price_rule/{id}/", operation_id = "price_rule_delete", tag = "discounts",
    params(("id" = Id, Path, description = "The id of the price rule.", example = 5527)),
    responses((status = 204), RowErrors, (status = 409, description = "A coupon has this rule; nothing changes.")),
)]
pub(crate) async fn delete(
    Write(caller, ..): Write<Discounts>,
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Response, ErrorReply> {
    change::delete(&app, || rules::rows::delete(&app.store, caller.shop_id(), id)).await
}
