//! `/console/`: the page for a shop's staff. It is a client of the public API, with the token that its user types in. This
//! function serves files only: it reads no token and no table. `/` redirects to it.

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

/// The `Content-Security-Policy` of the page: its own files and this origin only, and no frame around it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The `Cache-Control` of the page, and of files of another version: browsers ask each time and get a 304 while nothing
/// has changed.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// The `Cache-Control` of files of this version, which never change.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Returns the console as the service that Lambda and the local gateway call.
pub fn router() -> Router {
    let index = async |headers: HeaderMap| reply(assets::INDEX, ASK_AGAIN, &headers);
    let file = async |Path((version, name)): Path<(String, String)>, headers: HeaderMap| {
        let is_ours = version == assets::version() && name != assets::INDEX;
        reply(&name, if is_ours { FOR_EVER } else { ASK_AGAIN }, &headers)
    };
    // Only people open the bare address of the service: a client of the API knows its paths.
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
