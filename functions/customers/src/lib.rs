//! `/api/crm/customer/`: the customers of a shop, whom other resources nest (docs/api/customers.md).

use shared::{App, http::openapi};
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
pub mod import;
mod wire;

/// Returns the routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::description())
        .routes(routes!(handlers::list, handlers::import_many))
        .routes(routes!(handlers::get, handlers::put))
}
