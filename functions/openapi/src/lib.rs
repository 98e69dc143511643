//! `/api/openapi.json`: the description of the whole API, generated from the routes of every function; and, as the
//! gateway's default route, the 404 of paths that no function has.

use std::sync::LazyLock;

use axum::response::Response;
use shared::{
    App, Error,
    http::{envelope, openapi},
};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::description()).routes(routes!(get))
}

/// The description of every function's routes.
pub fn description() -> OpenApi {
    let functions = [
        accounts::routes(),
        coupon_codes::routes(),
        coupons::routes(),
        customers::routes(),
        evaluate::routes(),
        levels::routes(),
        orders::routes(),
        point_history::routes(),
        price_rules::routes(),
        routes(),
    ];
    let mut description = openapi::description();
    for function in functions {
        description.merge(function.into_openapi());
    }
    description
}

static DESCRIPTION: LazyLock<OpenApi> = LazyLock::new(description);

/// This description.
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "openapi", tag = "openapi",
    security(()),
    responses((status = 200, content_type = "application/json")),
)]
async fn get() -> Result<Response, Error> {
    envelope::ok(&*DESCRIPTION)
}
