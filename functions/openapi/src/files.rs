//! Files that are part of the binary, compressed by `build.rs`. A file is decompressed for a client that does not
//! accept gzip.

use std::io::Read;

use axum::{body::Body, response::Response};
use flate2::read::GzDecoder;
use lambda_http::http::{HeaderMap, HeaderValue, StatusCode, header};
use shared::http::files::{guard, knows, takes_gzip};

/// A compressed file.
pub(crate) struct File {
    /// The name of the file in its folder.
    pub(crate) name: &'static str,
    media_type: &'static str,
    /// The contents, compressed with gzip.
    packed: &'static [u8],
}

macro_rules! file {
    ($name:literal, $media_type:literal) => {
        File {
            name: $name,
            media_type: $media_type,
            packed: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")),
        }
    };
}

/// The API description in English.
pub(crate) static ENGLISH: File = file!("openapi.json", "application/json");
/// The API description in Chinese.
pub(crate) static CHINESE: File = file!("openapi.zh.json", "application/json");
/// The page of the reference.
pub(crate) static INDEX: File = file!("index.html", "text/html; charset=utf-8");
/// The files of the reference page: Swagger UI, and a few lines of ours.
pub(crate) static REFERENCE: [File; 6] = [
    file!("reference.js", "text/javascript; charset=utf-8"),
    file!("reference.css", "text/css; charset=utf-8"),
    file!("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    file!("swagger-ui.css", "text/css; charset=utf-8"),
    file!("LICENSE.txt", "text/plain; charset=utf-8"),
    file!("NOTICE.txt", "text/plain; charset=utf-8"),
];

/// The permissions of the reference page: its own scripts and its own server, and nothing else. Swagger UI sets inline
/// styles and has its icons as `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Answers with a file, or with a 304 if the client has it. Clients ask each time, because a file changes with the
/// binary.
pub(crate) fn answer(file: &File, request: &HeaderMap) -> Response {
    let zipped = takes_gzip(request);
    let tag = tag(file, zipped);
    let mut response = Response::default();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(value) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, value);
    }
    if knows(request, &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    if zipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        *response.body_mut() = Body::from(file.packed);
    } else {
        *response.body_mut() = Body::from(unpacked(file));
    }
    response
}

/// Answers with a file of the reference.
pub(crate) fn page(file: &File, request: &HeaderMap) -> Response {
    let mut response = answer(file, request);
    guard(response.headers_mut(), POLICY);
    response
}

/// Returns the `ETag` of a file, from the last eight bytes of its gzip data: the checksum and the length of the
/// contents.
fn tag(file: &File, zipped: bool) -> String {
    let end = file.packed.len().saturating_sub(8);
    let sum: String = file.packed[end..].iter().map(|byte| format!("{byte:02x}")).collect();
    if zipped { format!("\"{sum}-gzip\"") } else { format!("\"{sum}\"") }
}

fn unpacked(file: &File) -> Vec<u8> {
    let mut whole = Vec::new();
    // The build wrote the data that is read here, so reading it cannot fail.
    let read = GzDecoder::new(file.packed).read_to_end(&mut whole);
    debug_assert!(read.is_ok(), "{}", file.name);
    whole
}
