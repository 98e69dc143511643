//! `/api/orders/order/`: the orders of a shop, which earn points (docs/api/orders.md). The point history nests them.

use shared::{App, http::openapi};
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
pub mod wire;

/// Returns the routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::description()).routes(routes!(handlers::get, handlers::put))
}
