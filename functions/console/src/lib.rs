//! `/console/`: the page with which a shop's staff works. It is a client of the public API like any other, with the token
//! that its user types in: this function only hands out files, knows no token and touches no table.

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use shared::{Error, http::service};

pub mod assets;

use assets::Asset;

/// What a browser may do with the page: nothing but its own files and this address, and no page around it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What every file of the console is sent with.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::VARY, "accept-encoding"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

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
    service::pages(Router::new().route("/console/", get(index)).route("/console/{version}/{file}", get(file)))
}

fn reply(name: &str, caching: HeaderValue, asked: &HeaderMap) -> Response {
    let Some(asset) = assets::find(name) else { return Error::NotFound.into_response() };
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    if !knows(asked, asset) {
        response = if takes_gzip(asked) {
            ([(header::CONTENT_ENCODING, "gzip")], asset.gzip()).into_response()
        } else {
            asset.text.as_ref().into_response()
        };
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    }
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().insert(header::CACHE_CONTROL, caching);
    if let Ok(etag) = HeaderValue::from_str(&asset.etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// The items of a header that is a list.
fn items(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Whether the client has this file, as it is, already.
fn knows(asked: &HeaderMap, asset: &Asset) -> bool {
    items(asked, header::IF_NONE_MATCH).any(|tag| tag == "*" || tag == asset.etag)
}

/// Whether the client takes gzip, and does not say that it would rather not (`gzip;q=0`).
fn takes_gzip(asked: &HeaderMap) -> bool {
    items(asked, header::ACCEPT_ENCODING).any(|item| {
        let (coding, weight) = item.split_once(";q=").unwrap_or((item, "1"));
        coding.trim().eq_ignore_ascii_case("gzip") && weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0)
    })
}
