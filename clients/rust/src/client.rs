//! The client and its builder.

use std::{fmt, sync::Arc, time::Duration};

use reqwest::{Url, header::HeaderValue, redirect};

use crate::{Error, RetryPolicy};

/// The longest time of one attempt. The server gives up after 25 s.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest time to open a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The name of this client in the server's log.
const USER_AGENT: &str = concat!("youhui-client/", env!("CARGO_PKG_VERSION"));

/// A client of one shop: the shop of its token. It is cheap to clone, and clones share their connections.
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
    /// Shows the address, and no part of the token.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("url", &self.inner.base.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// Returns a client of the API at this address, such as `https://api.example.com`, with the default time-outs and
    /// retries. An address may have a path, such as a stage of an API Gateway, but not the `/api/` with which the API's
    /// own paths begin.
    ///
    /// # Errors
    /// [`Error::Unsendable`] if the address is invalid, or if the token has characters that no header allows.
    pub fn new(url: &str, token: &str) -> Result<Self, Error> {
        Self::builder(url, token).build()
    }

    /// Returns a builder, for other settings than the default ones.
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
    /// Returns the address of a path.
    pub(crate) fn url<'a>(&self, segments: impl Iterator<Item = &'a str>) -> Result<Url, Error> {
        let mut url = self.base.clone();
        let mut path =
            url.path_segments_mut().map_err(|()| Error::Unsendable("the address cannot have a path".to_owned()))?;
        path.pop_if_empty().extend(segments);
        drop(path);
        Ok(url)
    }
}

/// The settings of a [`Client`].
#[derive(Clone)]
#[must_use = "call build() to get the client"]
pub struct ClientBuilder {
    url: String,
    token: String,
    retry: RetryPolicy,
    timeout: Duration,
    connect_timeout: Duration,
    user_agent: String,
}

impl fmt::Debug for ClientBuilder {
    /// Shows the address, and no part of the token.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClientBuilder").field("url", &self.url).finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// Sets the retry policy.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets the longest time of one attempt, including its reply. The default is 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the longest time to open a connection. The default is 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the name of the calling program, such as `my-erp/2.1`. The name of this crate is added after it.
    pub fn user_agent(mut self, program: &str) -> Self {
        self.user_agent = format!("{program} {USER_AGENT}");
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// [`Error::Unsendable`], as in [`Client::new`].
    pub fn build(self) -> Result<Client, Error> {
        let base = address(&self.url)?;
        // The error message of the library would show the token.
        let unsendable = |_| Error::Unsendable("the token has characters that a header does not allow".to_owned());
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", self.token)).map_err(unsendable)?;
        authorization.set_sensitive(true);
        let http = reqwest::Client::builder()
            .timeout(self.timeout)
            .connect_timeout(self.connect_timeout)
            .user_agent(self.user_agent)
            // The API never redirects. So a redirect comes from another server, and it would turn a POST into a GET.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| Error::Unsendable(error.to_string()))?;
        Ok(Client { inner: Arc::new(Inner { http, authorization, retry: self.retry, base }) })
    }
}

/// Parses an address. It refuses two that would parse but not work: `localhost:8080`, whose scheme would be
/// `localhost`, and an address that ends with `/api/`.
fn address(text: &str) -> Result<Url, Error> {
    let wrong = |what: &str| Err(Error::Unsendable(format!("the address {what}, such as http://127.0.0.1:8080")));
    let start = text.trim_start().to_ascii_lowercase();
    if !["http://", "https://"].iter().any(|scheme| start.starts_with(scheme)) {
        return wrong("must begin with http:// or https://");
    }
    let url: Url = text.parse().map_err(|error| Error::Unsendable(format!("the address: {error}")))?;
    match url.path().trim_end_matches('/').ends_with("/api") {
        true => wrong("must be without /api/"),
        false => Ok(url),
    }
}
