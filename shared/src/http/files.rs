//! Files of pages for people: compression, caching and security headers.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// The headers of every file of a page, beside its own `Content-Security-Policy`.
const HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::VARY, "accept-encoding"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Sets the security headers of a file. `policy` is its `Content-Security-Policy`.
pub fn guard(headers: &mut HeaderMap, policy: &'static str) {
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Returns the items of a header that is a list.
fn items(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Returns whether the client has the file with this tag, by weak comparison (RFC 9110, 13.1.2).
pub fn knows(asked: &HeaderMap, tag: &str) -> bool {
    let tag = tag.trim_start_matches("W/");
    items(asked, header::IF_NONE_MATCH).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

/// Returns whether the client accepts gzip. `gzip;q=0` is a refusal.
///
/// ```
/// # use axum::http::{HeaderMap, HeaderValue, header};
/// # use shared::http::files::takes_gzip;
/// let asked = |text| HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(text))]);
/// assert!(takes_gzip(&asked("br, GZIP;q=0.5")));
/// assert!(!takes_gzip(&asked("gzip; q=0, br")));
/// ```
pub fn takes_gzip(asked: &HeaderMap) -> bool {
    items(asked, header::ACCEPT_ENCODING).any(|item| {
        let (coding, weight) = item.split_once(';').unwrap_or((item, "q=1"));
        let weight = weight.trim().trim_start_matches("q=").parse::<f32>();
        coding.trim().eq_ignore_ascii_case("gzip") && weight.is_ok_and(|weight| weight > 0.0)
    })
}
