//! `/api/loyalty/account/`: the points account of a customer, its level, and the points that it can redeem
//! (docs/api/accounts.md).

use shared::{App, http::openapi};
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
mod wire;

/// Returns the routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::description()).routes(routes!(handlers::get))
}
