//! `/api/loyalty/point_history/`: the ledger of points (`loyalty.txt`).

use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
mod wire;

/// The routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(handlers::list))
        .routes(routes!(handlers::adjust))
        .routes(routes!(handlers::sign))
        .routes(routes!(handlers::redeem))
        .routes(routes!(handlers::refund))
        .routes(routes!(handlers::get))
}
