//! `/api/discounts/evaluate/`: the price of a cart, without a write (docs/api/evaluation.md).

use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
mod wire;

/// Returns the routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(handlers::evaluate))
}
