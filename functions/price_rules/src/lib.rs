//! `/api/discounts/price_rule/`: the price rules of a shop (docs/api/price-rules.md).

use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;

/// Returns the routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(handlers::list, handlers::create)).routes(routes!(
        handlers::get,
        handlers::update,
        handlers::delete
    ))
}
