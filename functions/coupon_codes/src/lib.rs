//! `/api/discounts/coupon_code/`: the codes that customers own (docs/api/coupon-codes.md), and their use for orders
//! (docs/api/checkout.md).

use axum::routing::post;
use shared::{App, http::openapi};
use utoipa_axum::{router::OpenApiRouter, routes};

mod checkout;
mod handlers;
mod import;
pub mod issue;
mod wire;

/// Returns the routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::description())
        .routes(routes!(handlers::list, handlers::issue_many))
        .routes(routes!(checkout::use_codes))
        .routes(routes!(checkout::release))
        .routes(routes!(handlers::get, handlers::update, handlers::delete))
}

/// The path of [`import_routes`].
pub const IMPORT: &str = "/api/discounts/coupon_code/import/";

/// Returns the route that imports codes with their texts from another system. Only the command line uses it, in its own
/// process. No function serves it.
pub fn import_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().route(IMPORT, post(import::import_one))
}
