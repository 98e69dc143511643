//! The client itself.

use std::{fmt, sync::Arc, time::Duration};

use reqwest::{Url, header::HeaderValue, redirect};

use crate::{Error, RetryPolicy};

/// The longest that one sending takes: the server gives up after 25 s.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest that a connection takes to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// What the server's log calls this client.
const USER_AGENT: &str = concat!("youhui-client/", env!("CARGO_PKG_VERSION"));

/// A client of one shop: the one of its token. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) http: reqwest::Client,
    pub(crate) authorization: HeaderValue,
    pub(crate) retry: RetryPolicy,
    base: Url,
}

impl fmt::Debug for Client {
    /// The address and nothing of the token.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("url", &self.inner.base.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the API at this address, such as `https://api.example.com`, with the usual time-outs and retries. An
    /// address may have a path, such as a stage of an API Gateway, but not the `/api/` with which the API's own paths begin.
    ///
    /// # Errors
    /// [`Error::Unsendable`] where the address is none, or the token has characters that no header takes.
    pub fn new(url: &str, token: &str) -> Result<Self, Error> {
        Self::builder(url, token).build()
    }

    /// A client that is made otherwise than the usual one.
    pub fn builder(url: impl Into<String>, token: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            url: url.into(),
            token: token.into(),
            retry: RetryPolicy::default(),
            timeout: TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            user_agent: USER_AGENT.to_owned(),
        }
    }
}

impl Inner {
    /// The address of a path.
    pub(crate) fn url<'a>(&self, segments: impl Iterator<Item = &'a str>) -> Result<Url, Error> {
        let mut url = self.base.clone();
        let mut path = url.path_segments_mut().map_err(|()| Error::Unsendable("the address has no path".to_owned()))?;
        path.pop_if_empty().extend(segments);
        drop(path);
        Ok(url)
    }
}

/// How a [`Client`] is made.
#[derive(Clone)]
#[must_use = "build() makes the client"]
pub struct ClientBuilder {
    url: String,
    token: String,
    retry: RetryPolicy,
    timeout: Duration,
    connect_timeout: Duration,
    user_agent: String,
}

impl fmt::Debug for ClientBuilder {
    /// Nothing of the token.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClientBuilder").field("url", &self.url).finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// How often a request is sent again.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// How long one sending may take, its reply included; 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a connection may take to be made; 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The name of the program that calls, such as `my-erp/2.1`; this crate's own comes after it.
    pub fn user_agent(mut self, program: &str) -> Self {
        self.user_agent = format!("{program} {USER_AGENT}");
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    /// [`Error::Unsendable`]: see [`Client::new`].
    pub fn build(self) -> Result<Client, Error> {
        let base = address(&self.url)?;
        // The message of the library would show the token.
        let unsendable = |_| Error::Unsendable("the token has characters that no header takes".to_owned());
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", self.token)).map_err(unsendable)?;
        authorization.set_sensitive(true);
        let http = reqwest::Client::builder()
            .timeout(self.timeout)
            .connect_timeout(self.connect_timeout)
            .user_agent(self.user_agent)
            // The API never redirects: whoever does is not the API, and a POST would become a GET.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| Error::Unsendable(error.to_string()))?;
        Ok(Client { inner: Arc::new(Inner { http, authorization, retry: self.retry, base }) })
    }
}

/// Reads an address. `localhost:8080` is one too, of a scheme `localhost`, and below `/api/` nothing would be found.
fn address(text: &str) -> Result<Url, Error> {
    let wrong = |what: &str| Err(Error::Unsendable(format!("the address {what}, such as http://127.0.0.1:8080")));
    let start = text.trim_start().to_ascii_lowercase();
    if !["http://", "https://"].iter().any(|scheme| start.starts_with(scheme)) {
        return wrong("begins with http:// or https://");
    }
    let url: Url = text.parse().map_err(|error| Error::Unsendable(format!("the address: {error}")))?;
    match url.path().trim_end_matches('/').ends_with("/api") {
        true => wrong("is the one without /api/"),
        false => Ok(url),
    }
}
