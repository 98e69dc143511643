//! `/api/discounts/coupon_code/`: the codes that customers hold (`discounts.txt`).

use axum::routing::post;
use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

mod checkout;
mod handlers;
mod import;
pub mod issue;
mod wire;

/// The routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(handlers::list, handlers::issue_many))
        .routes(routes!(checkout::use_codes))
        .routes(routes!(checkout::release))
        .routes(routes!(handlers::get, handlers::update, handlers::delete))
}

/// Where [`import_routes`] answers.
pub const IMPORT: &str = "/api/discounts/coupon_code/import/";

/// What an operator's command line asks in its own process, and no function serves: codes with the text that they have in
/// another system.
pub fn import_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().route(IMPORT, post(import::import_one))
}
