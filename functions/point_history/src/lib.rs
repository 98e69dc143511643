//! `/api/loyalty/point_history/`: the ledger of points (docs/api/point-history.md).

use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
mod wire;

/// Returns the routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(handlers::list))
        .routes(routes!(handlers::adjust))
        .routes(routes!(handlers::sign))
        .routes(routes!(handlers::redeem))
        .routes(routes!(handlers::refund))
        .routes(routes!(handlers::get))
}
