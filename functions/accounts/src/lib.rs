//! `/api/loyalty/account/`: what a customer has, and what can be done with it (`beyond.md`).

use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
mod wire;

/// The routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(handlers::get))
}
