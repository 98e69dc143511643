//! What every function's OpenAPI description shares.

use utoipa::openapi::{
    Components, Info, OpenApi, OpenApiBuilder,
    security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
};

/// The name of the security scheme.
const BEARER: &str = "bearer";

/// The description without operations; each function's routes add theirs.
pub fn description() -> OpenApi {
    let mut info = Info::new("Youhui", env!("CARGO_PKG_VERSION"));
    info.description = Some("Coupons and loyalty points of a shop platform.".to_owned());
    let mut components = Components::new();
    components.add_security_scheme(BEARER, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new(BEARER, Vec::<String>::new())]))
        .build()
}
