//! `/api/loyalty/account/`: what a customer has, and what can be done with it (`beyond.md`).

use shared::{App, http::openapi};
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
mod wire;

/// The routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::description()).routes(routes!(handlers::get))
}
