//! `/api/discounts/evaluate/`: pricing a cart, a dry run (`beyond.md`, Codes at the checkout).

use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
mod wire;

/// The routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(handlers::evaluate))
}
