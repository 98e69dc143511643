//! The envelope of a list: `count`, `next`, `previous`, `results`.

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

/// The most bytes of a page's JSON (`readings.md`).
const MAX_BYTES: usize = 5 * 1024 * 1024;
/// The most bytes of the same JSON as the text that Lambda answers, quotes escaped: under its 6 MB, beside the headers.
const MAX_ESCAPED: usize = 6_200_000;

/// The bytes of a text inside JSON.
fn escaped(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

/// Whether this JSON is larger than a reply may be.
pub fn is_too_large(body: &str) -> bool {
    is_too_large_with(body, 0)
}

/// The same where so many bytes may come to it.
pub fn is_too_large_with(body: &str, more: usize) -> bool {
    body.len() + more > MAX_BYTES || escaped(body) + more > MAX_ESCAPED
}

/// One page of a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Envelope<T> {
    /// How many rows the whole selection has.
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
    /// The rows that a request made: one page of all of them.
    pub fn of_created(results: Vec<T>) -> Self {
        Self { count: results.len() as u64, next: None, previous: None, results }
    }
}

/// A reply with this status and body.
///
/// # Errors
/// [`Error::Internal`] where the body cannot be written as JSON.
pub fn reply<T: Serialize>(status: StatusCode, body: &T) -> Result<Reply, Error> {
    let body = serde_json::to_string(body).map_err(|error| Error::Internal(format!("writing a reply: {error}")))?;
    Ok(Reply { status: status.as_u16(), body })
}

/// A 200 with this body.
pub fn ok<T: Serialize>(body: &T) -> Result<Response, ErrorReply> {
    Ok(json_reply(StatusCode::OK, reply(StatusCode::OK, body)?.body))
}

/// A 204.
pub fn no_content() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Where a list was asked for: its absolute address and the parameters.
#[derive(Debug, Clone)]
pub struct Address {
    base: String,
    parameters: Vec<(String, String)>,
}

impl Address {
    /// The address of a request, as its client sees it: the gateway's domain or what a proxy forwarded.
    pub fn of(parts: &Parts, parameters: Vec<(String, String)>) -> Self {
        let domain = gateway::context(&parts.extensions).and_then(|context| context.domain_name.as_deref());
        let origin = origin(&parts.headers, &parts.uri, domain);
        Self { base: format!("{origin}{}", parts.uri.path()), parameters }
    }

    /// The address of another page: every other parameter stays, sorted by name as DRF writes them, and page 1 is not
    /// named.
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

    /// The reply to a list.
    ///
    /// # Errors
    /// A 400 on `page_size` where the JSON would pass 5 MB.
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

/// `scheme://host` of a request.
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

/// What can be a host and a port: nothing that could end the host inside an address.
fn is_host(host: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    host.len() <= 255 && host.bytes().all(plain) && host.parse::<Authority>().is_ok()
}
