use crate::{
    issue,
    wire::{CouponCodeInput, CouponCodeIssue, STATUSES, StatusFilter, parse_issue, parse_update},
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use shared::{
    App, Error, ErrorReply,
    app::Caller,
    domain::id::Id,
    http::{
        access::{Discounts, Read, Write},
        change::{self, Change, IdempotencyKey},
        envelope::{self, Envelope},
        path::PathId,
        query::{ListParameters, OrderBy, OrderByIdOrCreation, Query},
        replies::{BatchErrors, ChangeErrors, ListErrors, RowErrors},
    },
    shop::{
        discounts::codes::{
            self, changes,
            issue::Pair,
            pages::{Filter, Statuses},
        },
        orders::settling::after_settling,
    },
    store::{
        batches::Batch,
        idempotency::Reply,
        pages::{Direction, refilled},
        transaction::Transaction,
    },
    wire::coupon_code::CodeReply,
};

/// Lists the coupon codes, newest first.
#[utoipa::path(
    get, path = "/api/discounts/coupon_code/", operation_id = "coupon_code_list", tag = "discounts",
    params(
        ("id" = Option<Id>, Query, description = "Only the code with this id."),
        ("id__in" = Option<String>, Query, description = "Only the codes with these ids, with commas between them: at \
            most 100.", example = "27518,27519"),
        ("code__in" = Option<String>, Query, description = "Only the codes with these texts, with commas between them: \
            at most 100.", example = "jB7nNJPbf16adc"),
        ("status" = inline(Option<StatusFilter>), Query, description = "Only the codes with this status; `available` \
            is unused with a rule that is enabled and inside its window."),
        ("status__in" = Option<String>, Query, description = "Only the codes with one of these statuses, with commas \
            between them.", example = "used,unused"),
        ("customer" = Option<Id>, Query, description = "Only the codes of the customer with this id."),
        ("coupon" = Option<Id>, Query, description = "Only the codes of the coupon with this id."),
        ListParameters, OrderByIdOrCreation,
    ),
    responses((status = 200, body = Envelope<CodeReply>), ListErrors),
)]
pub(crate) async fn list(
    Read(caller, ..): Read<Discounts>,
    State(app): State<App>,
    mut query: Query,
) -> Result<Response, ErrorReply> {
    let (store, shop, now) = (&app.store, caller.shop_id(), app.clock.now());
    let (_, direction) = query.order_by((OrderBy::Id, Direction::Descending), true);
    let status = query.choice("status", STATUSES).map(Statuses::any);
    let status_in = query.choices("status__in", STATUSES).map(Statuses::any);
    let filter = Filter {
        ids: query.one_or_many("id", "id__in"),
        texts: query.texts("code__in"),
        statuses: match (status, status_in) {
            (Some(one), Some(many)) => Some(one.and(many)),
            (one, many) => one.or(many),
        },
        customer: query.id("customer"),
        coupon: query.id("coupon"),
    };
    let select = query.select(direction)?;
    let read = async || {
        let page = codes::pages::page(store, shop, &filter, &select, now).await?;
        let nested = codes::rows::nested(store, shop, page.rows.iter().map(|row| &row.code), &[]).await?;
        // A code may have gone with its coupon while this page was read.
        Ok(page.map(|row| CodeReply::new(&row.code, &nested, caller.shop.zone, now)))
    };
    let page = refilled(|| after_settling(store, shop, now, &read)).await?;
    query.address.list(page, select.size, |code| code)
}

/// Reads a coupon code.
#[utoipa::path(
    get, path = "/api/discounts/coupon_code/{id}/", operation_id = "coupon_code_get", tag = "discounts",
    params(("id" = Id, Path, description = "The id of the code.", example = 27518)),
    responses((status = 200, body = CodeReply), RowErrors),
)]
pub(crate) async fn get(
    Read(caller, ..): Read<Discounts>,
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Response, ErrorReply> {
    let (store, shop, now) = (&app.store, caller.shop_id(), app.clock.now());
    let (code, nested) = after_settling(store, shop, now, async || changes::get(store, shop, id).await).await?;
    envelope::ok(&CodeReply::new(&code, &nested, caller.shop.zone, now).ok_or(Error::NotFound)?)
}

/// Issues 1 to 1000 codes to customers, all or none.
///
/// Each item of the list is one code; a request names at most 20 coupons. The reply lists the codes in the order of the
/// input; `count` is their number, `next` and `previous` are null. Where one pair is wrong nothing is issued, and the
/// errors stand in a list aligned with the input.
#[utoipa::path(
    post, path = "/api/discounts/coupon_code/", operation_id = "coupon_code_issue", tag = "discounts",
    params(IdempotencyKey),
    request_body = Vec<CouponCodeIssue>,
    responses(
        (status = 201, body = Envelope<CodeReply>),
        BatchErrors,
        (status = 409, description = "The quota of a coupon (`allocation_limit`) has not so many places left; nothing \
            is issued."),
    ),
)]
pub(crate) async fn issue_many(
    Write(caller, ..): Write<Discounts>,
    State(app): State<App>,
    change: Change,
) -> Result<Response, ErrorReply> {
    let (store, shop) = (&app.store, caller.shop_id());
    let parse = || change.parsed(parse_issue);
    if let Ok(pairs) = parse()
        && !codes::issue::is_few(&pairs)
    {
        let prepare = async || Ok(codes::issue::prepare(store, shop, &pairs).await?.drafts);
        let work = async |batch: Batch| issue::finish(store, &caller.shop, batch, app.clock.now()).await;
        return change.batch(&app, &caller, codes::issue::KIND, prepare, work).await;
    }
    let mut attempt = 0;
    let plan = || {
        attempt += 1;
        plan_issue(&app, &caller, parse(), attempt, change.at)
    };
    change.once(&app, &caller, plan).await
}

/// Plans an issue that fits into one transaction.
async fn plan_issue(
    app: &App,
    caller: &Caller,
    pairs: Result<Vec<Pair>, Error>,
    attempt: u32,
    now: DateTime<Utc>,
) -> Result<(Transaction, Reply), Error> {
    let (store, shop) = (&app.store, caller.shop_id());
    let prepared = codes::issue::prepare(store, shop, &pairs?).await?;
    let (transaction, (codes, nested)) = prepared.plan(shop, attempt, now)?;
    Ok((transaction, issue::reply(&codes, &nested, &caller.shop, now)?))
}

/// Changes a coupon code: transfers it, gives it another text, uses it, gives a use back.
///
/// `status` from `unused` to `used` counts as one use without an order; from `used` to `unused` it closes the live use,
/// whichever order holds it. The limits of the rule hold.
#[utoipa::path(
    put, path = "/api/discounts/coupon_code/{id}/", operation_id = "coupon_code_update", tag = "discounts",
    params(("id" = Id, Path, description = "The id of the code.", example = 27518), IdempotencyKey),
    request_body = CouponCodeInput,
    responses(
        (status = 200, body = CodeReply),
        ChangeErrors,
        RowErrors,
        (status = 409, description = "The code is used and cannot be transferred, it has expired, or a limit of its \
            rule is reached."),
    ),
)]
pub(crate) async fn update(
    Write(caller, ..): Write<Discounts>,
    State(app): State<App>,
    PathId(id): PathId,
    change: Change,
) -> Result<Response, ErrorReply> {
    let (store, shop) = (&app.store, caller.shop_id());
    let plan = async || {
        let update = async || changes::update(store, shop, id, change.body().map(parse_update), change.at).await;
        let (transaction, (code, nested)) = after_settling(store, shop, change.at, update).await?;
        let reply = CodeReply::new(&code, &nested, caller.shop.zone, change.at).ok_or(Error::NotFound)?;
        Ok((transaction, reply))
    };
    change.update(&app, &caller, plan).await
}

/// Deletes a coupon code.
///
/// Its text is never given again.
#[utoipa::path(
    delete, path = "/api/discounts/coupon_code/{id}/", operation_id = "coupon_code_delete", tag = "discounts",
    params(("id" = Id, Path, description = "The id of the code.", example = 27518)),
    responses((status = 204), RowErrors),
)]
pub(crate) async fn delete(
    Write(caller, ..): Write<Discounts>,
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Response, ErrorReply> {
    let (store, shop, now) = (&app.store, caller.shop_id(), app.clock.now());
    let delete = async || changes::delete(store, shop, id).await;
    change::delete(&app, || after_settling(store, shop, now, delete)).await
}
