//! `/api/discounts/coupon_code/`: the codes that customers hold (docs/api/coupon-codes.md, docs/api/checkout.md).

use axum::routing::post;
use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

mod checkout;
mod handlers;
mod import;
pub mod issue;
mod wire;

/// Returns the routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(handlers::list, handlers::issue_many))
        .routes(routes!(checkout::use_codes))
        .routes(routes!(checkout::release))
        .routes(routes!(handlers::get, handlers::update, handlers::delete))
}

/// The path of [`import_routes`].
pub const IMPORT: &str = "/api/discounts/coupon_code/import/";

/// Returns a route that an operator's command line calls in its own process. It imports codes with the texts that they have
/// in another system. No function serves it.
pub fn import_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().route(IMPORT, post(import::import_one))
}
