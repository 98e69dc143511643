//! `/api/crm/customer/`: the customers of a shop (docs/api/customers.md).

use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
mod wire;

/// Returns the routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(handlers::list, handlers::import_many))
        .routes(routes!(handlers::get, handlers::put))
}
