//! `/api/discounts/coupon_code/`: the codes that customers hold (`discounts.txt`).

use shared::{App, http::openapi};
use utoipa_axum::{router::OpenApiRouter, routes};

mod checkout;
mod handlers;
pub mod issue;
mod wire;

/// The routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::description())
        .routes(routes!(handlers::list, handlers::issue_many))
        .routes(routes!(checkout::use_codes))
        .routes(routes!(checkout::release))
        .routes(routes!(handlers::get, handlers::update, handlers::delete))
}
