//! `/api/discounts/evaluate/`: pricing a cart without a write (docs/api/evaluation.md).

use shared::{App, http::openapi};
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
mod wire;

/// Returns the routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::description()).routes(routes!(handlers::evaluate))
}
