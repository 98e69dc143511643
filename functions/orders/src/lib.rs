//! `/api/orders/order/`: the shop's orders, which earn points and which the point history nests (`beyond.md`).

use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
pub mod wire;

/// The routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(handlers::get, handlers::put))
}
