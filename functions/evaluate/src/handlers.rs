use crate::wire::{EvaluationInput, parse};
use axum::{extract::State, response::Response};
use shared::{
    App, ErrorReply,
    http::{
        access::{Discounts, Read},
        change::Change,
        envelope,
        fields::named,
        replies::BodyErrors,
    },
    shop::{
        crm::customers,
        discounts::checkout::evaluation::{Refusal, price},
    },
    wire::evaluation::{CodeReply, EvaluationReply},
};

/// Prices a cart: what every rule takes off it, and why a rule does not apply.
///
/// A dry run that writes nothing. Rules that are enabled, inside their window, and automatic or brought by a valid code
/// apply in the order of their priority, each on what the ones before it have left. A code that does not count is no
/// error: the reply says why.
#[utoipa::path(
    post, path = "/api/discounts/evaluate/", operation_id = "evaluate", tag = "discounts",
    request_body = EvaluationInput,
    responses((status = 200, body = EvaluationReply), BodyErrors),
)]
pub(crate) async fn evaluate(
    Read(caller, ..): Read<Discounts>,
    State(app): State<App>,
    request: Change,
) -> Result<Response, ErrorReply> {
    let zone = caller.shop.zone;
    let body = request.body()?;
    let (shop, read) = (caller.shop_id(), parse(body, zone, request.at));
    let request = customers::read_beside(&app.store, shop, named(body, "customer_id"), read).await?;
    let priced = price(&app.store, caller.shop_id(), &app.automatic_rules, &request).await?;
    let codes = priced.codes.into_iter().map(|(code, refusal)| CodeReply {
        code,
        valid: refusal.is_none(),
        reason: refusal.map(Refusal::name),
    });
    envelope::ok(&EvaluationReply::new(&priced.evaluation, codes.collect(), zone))
}
