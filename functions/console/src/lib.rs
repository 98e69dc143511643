//! `/console/`: the web page for a shop's staff. The page is a client of the public API, with the token that its user
//! enters. This function only serves files: it sees no token and does not access the table. `/` redirects to the page.

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use shared::{
    Error, ErrorReply,
    http::{files, service},
};

pub mod assets;

/// The permissions of the page: only its own files and this address, and no page may embed it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The caching of the page: a browser asks each time, and gets a 304 if the page did not change. The same holds for a
/// file of another version: an old page gets the file of the present version.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// The caching of the files of this version, which never change.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Returns the console as a router, for Lambda and for the local gateway.
pub fn router() -> Router {
    let index = async |headers: HeaderMap| reply(assets::INDEX, ASK_AGAIN, &headers);
    let file = async |Path((version, name)): Path<(String, String)>, headers: HeaderMap| {
        let is_ours = version == assets::version() && name != assets::INDEX;
        reply(&name, if is_ours { FOR_EVER } else { ASK_AGAIN }, &headers)
    };
    // Only a person opens the bare address of the service: a client of the API uses its paths.
    let root = async || Redirect::temporary("console/");
    let pages = Router::new().route("/", get(root)).route("/console/", get(index));
    service::pages(pages.route("/console/{version}/{file}", get(file)))
}

fn reply(name: &str, caching: HeaderValue, asked: &HeaderMap) -> Response {
    let Some(asset) = assets::find(name) else { return ErrorReply(Error::NotFound).into_response() };
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
