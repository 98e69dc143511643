//! `/api/orders/order/`: the shop's orders, which earn points and which the point history nests (`beyond.md`).

use shared::{App, http::openapi};
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
pub mod wire;

/// The routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::description()).routes(routes!(handlers::get, handlers::put))
}
