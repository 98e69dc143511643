use crate::wire::{CouponInput, CouponReply, parse, references};
use axum::{extract::State, response::Response};
use serde_json::Value;
use shared::{
    App, Error, ErrorReply,
    app::Caller,
    domain::{coupon::Counts, id::Id, price_rule::ValueType},
    http::{
        access::{Discounts, Read, Write},
        change::{self, Change, IdempotencyKey},
        envelope::{self, Envelope},
        path::PathId,
        query::{ListParameters, OrderBy, OrderByIdOrCreation, Query},
        replies::{ChangeErrors, ListErrors, RowErrors},
    },
    shop::{
        discounts::{
            coupons::{self, pages::Filter, rows::NewCoupon},
            rules::rows::OfCoupons,
        },
        orders::settling::after_settling,
    },
    store::pages::{Direction, refilled},
};

/// Lists the coupons, newest first.
#[utoipa::path(
    get, path = "/api/discounts/coupon/", operation_id = "coupon_list", tag = "discounts",
    params(
        ("id" = Option<Id>, Query, description = "Only the coupon with this id."),
        ("id__in" = Option<String>, Query, description = "Only the coupons with these ids, with commas between them: \
            at most 100.", example = "987,3077"),
        ("code_prefix" = Option<String>, Query, description = "Only the coupon with exactly this prefix."),
        ("code_prefix__in" = Option<String>, Query, description = "Only the coupons with these prefixes, with commas \
            between them: at most 100.", example = "JxxxxY,spring"),
        ("can_redeem" = Option<bool>, Query, description = "Only the coupons that customers may claim with the \
            passphrase (`true`), or only the others (`false`)."),
        ("price_rule__value_type" = inline(Option<ValueType>), Query, description = "Only the coupons whose rule has \
            this kind of value."),
        ("price_rule__value_type__in" = Option<String>, Query, description = "Only the coupons whose rule has one of \
            these kinds of value, with commas between them.", example = "fixed_amount,percentage"),
        ("price_rule__title" = Option<String>, Query, description = "Only the coupons whose rule has exactly this \
            title."),
        ("price_rule__title__icontains" = Option<String>, Query, description = "Only the coupons whose rule has this \
            in its title, in any letter case."),
        ("created_at__lte" = Option<String>, Query, format = DateTime, description = "Only the coupons created at \
            this instant or before."),
        ("created_at__gte" = Option<String>, Query, format = DateTime, description = "Only the coupons created at \
            this instant or after."),
        ListParameters, OrderByIdOrCreation,
    ),
    responses((status = 200, body = Envelope<CouponReply>), ListErrors),
)]
pub(crate) async fn list(
    Read(caller, ..): Read<Discounts>,
    State(app): State<App>,
    mut query: Query,
) -> Result<Response, ErrorReply> {
    let zone = caller.shop.zone;
    let (_, direction) = query.order_by((OrderBy::Id, Direction::Descending), true);
    let kind = query.choice("price_rule__value_type", ValueType::CHOICES);
    let kinds = query.choices("price_rule__value_type__in", ValueType::CHOICES);
    let value_types = match (kind, kinds) {
        (Some(one), Some(many)) => Some(one.into_iter().filter(|kind| many.contains(kind)).collect()),
        (one, many) => one.or(many),
    };
    let filter = Filter {
        ids: query.one_or_many("id", "id__in"),
        prefixes: query.one_or_many_texts("code_prefix", "code_prefix__in"),
        can_redeem: query.boolean("can_redeem"),
        rules: OfCoupons {
            value_types,
            title: query.text("price_rule__title").map(str::to_owned),
            title_contains: query.text("price_rule__title__icontains").map(str::to_owned),
        },
        created_from: query.instant("created_at__gte", zone),
        created_until: query.instant("created_at__lte", zone),
    };
    let select = query.select(direction)?;
    let (store, shop) = (&app.store, caller.shop_id());
    let read = async || {
        let page = coupons::pages::page(store, shop, &filter, &select).await?;
        let nested = coupons::rows::nested(store, shop, &page.rows).await?;
        // A coupon may have been deleted with its rule while this page was read.
        Ok(page.map(|coupon| CouponReply::of(&coupon, &nested, zone)))
    };
    let page = refilled(|| after_settling(store, shop, app.clock.now(), &read)).await?;
    query.address.list(page, select.size, |coupon| coupon)
}

/// Reads a coupon.
#[utoipa::path(
    get, path = "/api/discounts/coupon/{id}/", operation_id = "coupon_get", tag = "discounts",
    params(("id" = Id, Path, description = "The id of the coupon.", example = 3077)),
    responses((status = 200, body = CouponReply), RowErrors),
)]
pub(crate) async fn get(
    Read(caller, ..): Read<Discounts>,
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Response, ErrorReply> {
    let (store, shop) = (&app.store, caller.shop_id());
    let read = async || {
        let coupon = coupons::rows::get(store, shop, id).await?;
        let nested = coupons::rows::nested(store, shop, std::slice::from_ref(&coupon)).await?;
        Ok((coupon, nested))
    };
    let (coupon, nested) = after_settling(store, shop, app.clock.now(), read).await?;
    envelope::ok(&CouponReply::of(&coupon, &nested, caller.shop.zone).ok_or(Error::NotFound)?)
}

/// Creates a coupon, and its price rule with it unless that is there.
#[utoipa::path(
    post, path = "/api/discounts/coupon/", operation_id = "coupon_create", tag = "discounts",
    params(IdempotencyKey),
    request_body = CouponInput,
    responses(
        (status = 201, body = CouponReply),
        ChangeErrors,
        (status = 409, description = "The shop has 10000 coupons, or 10000 price rules, already."),
    ),
)]
pub(crate) async fn create(
    Write(caller, ..): Write<Discounts>,
    State(app): State<App>,
    change: Change,
) -> Result<Response, ErrorReply> {
    let zone = caller.shop.zone;
    let plan = async || {
        let draft = read(&app, &caller, change.body()?).await?;
        let (transaction, (coupon, rule)) =
            coupons::rows::create(&app.store, caller.shop_id(), draft, change.at).await?;
        Ok((transaction, CouponReply::new(&coupon, &rule, Counts::default(), zone)))
    };
    change.create(&app, &caller, plan).await
}

/// Parses the body of a coupon. All errors are answered at once, including those that only the store can find.
async fn read(app: &App, caller: &Caller, body: &Value) -> Result<NewCoupon, Error> {
    match parse(body, caller.shop.zone) {
        Ok(draft) => Ok(draft),
        Err(errors) => {
            let (prefix, rule) = references(body);
            let more = coupons::rows::refusals(&app.store, caller.shop_id(), prefix.as_deref(), rule).await?;
            Err(Error::Invalid(more.and(errors)))
        }
    }
}

/// Deletes a coupon and its unused codes.
///
/// Used codes stay readable as history, and the price rule stays. A code's text is never given again; the prefix is
/// free.
#[utoipa::path(
    delete, path = "/api/discounts/coupon/{id}/", operation_id = "coupon_delete", tag = "discounts",
    params(("id" = Id, Path, description = "The id of the coupon.", example = 3077)),
    responses((status = 204), RowErrors),
)]
pub(crate) async fn delete(
    Write(caller, ..): Write<Discounts>,
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Response, ErrorReply> {
    change::delete(&app, || coupons::rows::delete(&app.store, caller.shop_id(), id)).await
}
