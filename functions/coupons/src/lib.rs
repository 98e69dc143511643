//! `/api/discounts/coupon/`: the coupons of a shop (docs/api/coupons.md).

use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

mod handlers;
mod redeem;
pub mod wire;

/// Returns the routes of this function.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(handlers::list, handlers::create))
        .routes(routes!(handlers::get, handlers::delete))
        .routes(routes!(redeem::redeem))
}
