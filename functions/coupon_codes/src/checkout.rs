//! The use and release of codes at the checkout (docs/api/checkout.md).

use axum::{extract::State, response::Response};
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use lambda_http::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    App, Error, ErrorReply, FieldErrors, body,
    domain::{coupon_code::CODE_LENGTH, evaluation::cart::Cart, id::Id, order_uses::MAX_CODES, shop::Shop},
    http::{
        access::{Discounts, Write},
        body::Body as _,
        change::{Change, IdempotencyKey},
        checked::Checked,
        envelope::{self, Envelope},
        fields::{nullable, required},
        kinds::{Kind as _, integer, list, nested, own_id, relation, text},
        replies::ChangeErrors,
    },
    shop::{
        discounts::checkout::{
            self,
            uses::{UseRequest, Used},
        },
        orders::{self, settling::after_settling},
    },
    wire::{cart::CartInput, coupon_code::CodeReply, price_rule::PriceRuleReply},
};
use utoipa::ToSchema;

body! {
    /// Codes that an order is to use.
    struct CouponCodeUse {
        /// The texts of the codes, each once: 1 to 10, or none with a `cart`.
        #[example(["jB7nNJPbf16adc"])]
        codes: Vec<String> = required(list(MAX_CODES, text(1..=CODE_LENGTH)).then(each_once))
            .beside(|codes, body| some_or_a_cart(codes, body)),
        /// The customer whose codes they are.
        customer_id: Id = required(relation()),
        /// The order that uses them; it need not be stored.
        order_id: Id = required(own_id()),
        /// The cart that is bought. Each code's rule must then apply to it, and the automatic rules that apply are used
        /// too. Null is no cart.
        cart: Option<Cart> = nullable(nested::<CartInput>()),
        /// The seconds for which the order holds the codes: an order that is not paid by then has given them back. 1 to
        /// 2147483647; null, the default, is no end.
        #[example(900)]
        hold_seconds: Option<i32> = nullable(integer(1..=i32::MAX)),
    }
}

fn each_once(codes: Vec<String>) -> Checked<Vec<String>> {
    let again = codes.iter().enumerate().filter(|(index, code)| codes[..*index].contains(code));
    let errors = again.map(|(index, _)| (index.to_string().into(), FieldErrors::message("This code is sent twice.")));
    let errors = FieldErrors::Fields(errors.collect());
    if errors.is_empty() { Ok(codes) } else { Err(errors) }
}

fn some_or_a_cart(codes: &[String], body: &Map<String, Value>) -> Checked<()> {
    let has_cart = body.get("cart").is_some_and(|cart| !cart.is_null());
    let is_right = has_cart || !codes.is_empty();
    if is_right { Ok(()) } else { Err(FieldErrors::message("This list may not be empty.")) }
}

fn parse_use(body: &Value) -> Checked<UseRequest> {
    let CouponCodeUse { codes, customer_id, order_id, cart, hold_seconds } = CouponCodeUse::parse(body, Tz::UTC)?;
    let hold = hold_seconds.map(|seconds| Duration::seconds(seconds.into()));
    Ok(UseRequest { codes, customer_id, order_id, cart, hold })
}

/// A code that an order uses.
#[derive(Serialize, ToSchema)]
#[schema(as = UsedCouponCode)]
struct UsedCodeReply {
    #[serde(flatten)]
    code: CodeReply,
    /// The price rule of the code, as it was when it was used.
    price_rule: PriceRuleReply,
}

/// Uses codes for an order, all or none.
///
/// Within `usage_limit` and `once_per_customer`. At most 10 codes and 15 applying rules for an order. With a `cart`, it
/// is priced in the same step: a code whose rule does not apply is refused, and the automatic rules that apply are
/// counted too. The reply shows each code with its rule as it was used.
#[utoipa::path(
    post, path = "/api/discounts/coupon_code/use/", operation_id = "coupon_code_use", tag = "discounts",
    params(IdempotencyKey),
    request_body = CouponCodeUse,
    responses(
        (status = 200, body = Envelope<UsedCodeReply>),
        ChangeErrors,
        (status = 409, description = "A code is used or has lapsed, a limit is reached, or the order is cancelled, \
            another customer's or already uses the rule; nothing is used."),
    ),
)]
pub(crate) async fn use_codes(
    Write(caller, ..): Write<Discounts>,
    State(app): State<App>,
    change: Change,
) -> Result<Response, ErrorReply> {
    let (store, shop, now) = (&app.store, caller.shop_id(), change.at);
    let plan = async || {
        let request = change.parsed(parse_use)?;
        let read = async || checkout::uses::use_codes(store, shop, &app.automatic_rules, &request, now).await;
        let (transaction, used) = after_settling(store, shop, now, read).await?;
        let reply = envelope::reply(StatusCode::OK, &reply_to_use(&used, &caller.shop, now)?)?;
        Ok((transaction, reply, used.unstored.then_some(request.order_id)))
    };
    change.once_and_settle(&app, &caller, plan).await
}

fn reply_to_use(used: &Used, shop: &Shop, now: DateTime<Utc>) -> Result<Envelope<UsedCodeReply>, Error> {
    let row = |code: &shared::domain::coupon_code::CouponCode| {
        let rule = used.nested.rules.get(&code.price_rule_id)?;
        let price_rule = PriceRuleReply::new(rule, shop.zone);
        Some(UsedCodeReply { code: CodeReply::new(code, &used.nested, shop.zone, now)?, price_rule })
    };
    let rows: Option<_> = used.codes.iter().map(row).collect();
    rows.map(Envelope::of_created).ok_or_else(|| Error::Internal("a used code without its rule".to_owned()))
}

body! {
    /// An order that is to give its codes back.
    struct CouponCodeRelease {
        /// The order that gives its codes back.
        order_id: Id = required(own_id()),
    }
}

fn parse_release(body: &Value) -> Checked<Id> {
    Ok(CouponCodeRelease::parse(body, Tz::UTC)?.order_id)
}

/// Gives back the codes that an order uses, once.
///
/// The reply lists them; it is empty where the order uses none or is not known. A code whose rule has ended is
/// `expired` from then on.
#[utoipa::path(
    post, path = "/api/discounts/coupon_code/release/", operation_id = "coupon_code_release", tag = "discounts",
    params(IdempotencyKey),
    request_body = CouponCodeRelease,
    responses((status = 200, body = Envelope<CodeReply>), ChangeErrors),
)]
pub(crate) async fn release(
    Write(caller, ..): Write<Discounts>,
    State(app): State<App>,
    change: Change,
) -> Result<Response, ErrorReply> {
    let (store, shop, now) = (&app.store, caller.shop_id(), change.at);
    let plan = async || {
        let order = change.parsed(parse_release)?;
        let read = async || orders::release::release(store, shop, order, now).await;
        let (transaction, released) = after_settling(store, shop, now, read).await?;
        let reply = |code| CodeReply::new(code, &released.nested, caller.shop.zone, now);
        let rows = released.codes.iter().filter_map(reply).collect();
        let reply = envelope::reply(StatusCode::OK, &Envelope::of_created(rows))?;
        Ok((transaction, reply, released.unstored.then_some(order)))
    };
    change.once_and_settle(&app, &caller, plan).await
}
