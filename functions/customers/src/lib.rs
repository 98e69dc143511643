//! `/api/crm/customer/`: the shop's customers, which the documents nest (`beyond.md`).

use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
pub mod import;
mod wire;

/// The routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(handlers::list, handlers::import_many))
        .routes(routes!(handlers::get, handlers::put))
}
