//! `/api/loyalty/level/`: the levels of a shop (`loyalty.txt`).

use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
mod wire;

/// The routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(handlers::list, handlers::create)).routes(routes!(
        handlers::get,
        handlers::update,
        handlers::delete
    ))
}
