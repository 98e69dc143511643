//! `/api/openapi.json`: the description of the whole API. `/docs/`: a page to read it and to try it. As the gateway's
//! default route this function also answers 404 to unknown paths.
//!
//! [`publication`] makes the description from the routes of every function. It is checked in and served as a file.

use axum::{extract::Path, response::Response, routing};
use lambda_http::http::HeaderMap;
use shared::{App, Error, ErrorReply, http::query::Query};
use utoipa::{IntoParams, ToSchema, openapi::OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};

mod files;
pub mod publication;

/// Returns the routes of this function. The pages of the reference are no operations of the API.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get))
        .route("/docs/", routing::get(async |headers: HeaderMap| files::page(&files::INDEX, &headers)))
        .route("/docs/{file}", routing::get(reference))
}

/// Returns the operations of every function, as the handlers declare them.
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
    functions
        .into_iter()
        .fold(OpenApi::default(), |description, function| description.merge_from(function.into_openapi()))
}

/// The query parameters of the description.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query; `Query` reads it")]
struct DescriptionQuery {
    /// The language of its texts: `en` is English, the default, `zh` is Chinese.
    #[param(value_type = DescriptionLanguage, inline, required = false)]
    lang: Option<String>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the query")]
#[schema(rename_all = "snake_case")]
enum DescriptionLanguage {
    En,
    Zh,
}

/// Reads this description.
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "openapi", tag = "openapi",
    params(DescriptionQuery),
    security(()),
    responses(
        (status = 200, body = Object, content_type = "application/json"),
        (status = 304, description = "The client has this description already: `If-None-Match` names its `ETag`."),
    ),
)]
async fn get(query: Query, headers: HeaderMap) -> Response {
    let file = if query.text("lang") == Some("zh") { &files::CHINESE } else { &files::ENGLISH };
    files::answer(file, &headers)
}

/// Answers with a file of the reference.
async fn reference(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, ErrorReply> {
    files::REFERENCE
        .iter()
        .find(|file| file.name == name)
        .map(|file| files::page(file, &headers))
        .ok_or(ErrorReply(Error::NotFound))
}
