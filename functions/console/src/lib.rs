//! `/console/`: the page with which a shop's staff works. It is a client of the public API like any other, with the token
//! that its user types in: this function only hands out files, knows no token and touches no table. `/` leads to it.

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use shared::{
    Error,
    http::{files, service},
};

pub mod assets;

/// What a browser may do with the page: nothing but its own files and this address, and no page around it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The page is asked for again each time, and answered with a 304 while it stays as it is. So is a file of a version that
/// is not this one's: a page of yesterday gets the file of today.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// What its files are in this version they are for ever.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The console as Lambda and the local gateway call it.
pub fn router() -> Router {
    let index = async |headers: HeaderMap| reply(assets::INDEX, ASK_AGAIN, &headers);
    let file = async |Path((version, name)): Path<(String, String)>, headers: HeaderMap| {
        let is_ours = version == assets::version() && name != assets::INDEX;
        reply(&name, if is_ours { FOR_EVER } else { ASK_AGAIN }, &headers)
    };
    // Whoever types in the bare address of the service is a person: a client of the API knows its paths.
    let root = async || Redirect::temporary("console/");
    let pages = Router::new().route("/", get(root)).route("/console/", get(index));
    service::pages(pages.route("/console/{version}/{file}", get(file)))
}

fn reply(name: &str, caching: HeaderValue, asked: &HeaderMap) -> Response {
    let Some(asset) = assets::find(name) else { return Error::NotFound.into_response() };
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    if !files::knows(asked, &asset.etag) {
        response = if files::takes_gzip(asked) {
            ([(header::CONTENT_ENCODING, "gzip")], asset.gzip()).into_response()
        } else {
            asset.text.as_ref().into_response()
        };
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    }
    files::guard(response.headers_mut(), CONTENT_SECURITY_POLICY);
    response.headers_mut().insert(header::CACHE_CONTROL, caching);
    if let Ok(etag) = HeaderValue::from_str(&asset.etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}
