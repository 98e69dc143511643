//! The envelope of a list: `count`, `next`, `previous` and `results` (docs/api/lists.md).

use axum::response::Response;
use form_urlencoded::Serializer;
use http::{HeaderMap, StatusCode, Uri, header, request::Parts, uri::Authority};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    error::{ErrorReply, json_reply},
    gateway,
};
use domain::error::Error;
use store::{idempotency::Reply, pages::Page};

/// The most bytes of a page's JSON (docs/api/lists.md).
const MAX_BYTES: usize = 5 * 1024 * 1024;
/// The most bytes of that JSON with its quotes escaped, as Lambda sends it. With the headers it stays under 6 MB.
const MAX_ESCAPED: usize = 6_200_000;

/// Returns the bytes of a text as a string inside JSON.
fn escaped(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

/// Returns whether this JSON is larger than a reply may be.
pub fn is_too_large(body: &str) -> bool {
    is_too_large_with(body, 0)
}

/// Returns whether this JSON with so many more bytes is larger than a reply may be.
pub fn is_too_large_with(body: &str, more: usize) -> bool {
    body.len() + more > MAX_BYTES || escaped(body) + more > MAX_ESCAPED
}

/// One page of a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Envelope<T> {
    /// The number of rows in the whole selection.
    #[schema(example = 3)]
    pub count: u64,
    /// The absolute address of the next page; null on the last one.
    #[schema(format = "uri")]
    pub next: Option<String>,
    /// The absolute address of the page before; null on the first one.
    #[schema(format = "uri")]
    pub previous: Option<String>,
    /// The rows of this page.
    pub results: Vec<T>,
}

impl<T: Serialize> Envelope<T> {
    /// Wraps all rows that a request created into one page.
    pub fn of_created(results: Vec<T>) -> Self {
        Self { count: results.len() as u64, next: None, previous: None, results }
    }
}

/// Returns a reply with this status and body.
///
/// # Errors
/// [`Error::Internal`] if the body cannot be written as JSON.
pub fn reply<T: Serialize>(status: StatusCode, body: &T) -> Result<Reply, Error> {
    let body = serde_json::to_string(body).map_err(|error| Error::Internal(format!("writing a reply: {error}")))?;
    Ok(Reply { status: status.as_u16(), body })
}

/// Returns a 200 with this body.
pub fn ok<T: Serialize>(body: &T) -> Result<Response, ErrorReply> {
    Ok(json_reply(StatusCode::OK, reply(StatusCode::OK, body)?.body))
}

/// The absolute address of a list, with its parameters. Links to other pages are made of it.
#[derive(Debug, Clone)]
pub struct Address {
    base: String,
    parameters: Vec<(String, String)>,
}

impl Address {
    /// Returns the address of a request as its client sees it: with the host that a proxy forwarded, or the gateway's.
    pub fn of(parts: &Parts, parameters: Vec<(String, String)>) -> Self {
        let domain = gateway::context(&parts.extensions).and_then(|context| context.domain_name.as_deref());
        let origin = origin(&parts.headers, &parts.uri, domain);
        Self { base: format!("{origin}{}", parts.uri.path()), parameters }
    }

    /// Returns the address of another page. The other parameters stay, sorted by name as DRF does; page 1 is left out.
    fn page(&self, number: u64) -> String {
        let page = (number > 1).then(|| ("page".to_owned(), number.to_string()));
        let others = self.parameters.iter().filter(|(name, _)| name != "page").cloned();
        let mut parameters: Vec<_> = others.chain(page).collect();
        if parameters.is_empty() {
            return self.base.clone();
        }
        parameters.sort_by(|one, other| one.0.cmp(&other.0));
        format!("{}?{}", self.base, Serializer::new(String::new()).extend_pairs(parameters).finish())
    }

    /// Returns the reply to a list.
    ///
    /// # Errors
    /// A 400 on `page_size` if the JSON would pass 5 MB.
    pub fn list<T, U: Serialize>(
        &self,
        page: Page<T>,
        size: u64,
        wire: impl FnMut(T) -> U,
    ) -> Result<Response, ErrorReply> {
        let pages = page.count.div_ceil(size).max(1);
        let envelope = Envelope {
            count: page.count,
            next: (page.number < pages).then(|| self.page(page.number + 1)),
            previous: (page.number > 1).then(|| self.page(page.number - 1)),
            results: page.rows.into_iter().map(wire).collect(),
        };
        let reply = reply(StatusCode::OK, &envelope)?;
        if is_too_large(&reply.body) {
            return Err(Error::field("page_size", "This page would be larger than 5 MB. Ask for fewer rows.").into());
        }
        Ok(json_reply(StatusCode::OK, reply.body))
    }
}

/// Returns `scheme://host` of a request.
fn origin(headers: &HeaderMap, uri: &Uri, domain: Option<&str>) -> String {
    let first = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?.split(',').next()?.trim();
        (!value.is_empty()).then_some(value)
    };
    let is_scheme = |scheme: &&str| ["http", "https"].contains(scheme);
    let scheme = first("x-forwarded-proto").or(uri.scheme_str()).filter(is_scheme).unwrap_or("https");
    let forwarded = first("x-forwarded-host").filter(|host| is_host(host));
    let host =
        forwarded.or(first(header::HOST.as_str()).filter(|host| is_host(host))).or(domain).unwrap_or("localhost");
    let default_port = if scheme == "http" { "80" } else { "443" };
    let is_port = |port: &&str| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = first("x-forwarded-port").filter(is_port).filter(|port| *port != default_port);
    match port {
        Some(port) if forwarded.is_some() && !host.contains(':') => format!("{scheme}://{host}:{port}"),
        _ => format!("{scheme}://{host}"),
    }
}

/// Returns whether a text is a host with an optional port, and could not end the host inside an address.
fn is_host(host: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    host.len() <= 255 && host.bytes().all(plain) && host.parse::<Authority>().is_ok()
}
