//! `/api/orders/order/`: the orders of a shop, which earn points (docs/api/orders.md).

use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
pub mod wire;

/// Returns the routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(handlers::get, handlers::put))
}
