//! One request: its content, its retries, and its reply.

use std::{fmt, future::IntoFuture, marker::PhantomData, pin::Pin};

use reqwest::{
    StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Client, Error, IdempotencyKey, error::request_id, operations::Operation};

/// A request to the server.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    /// The value for the part of the path that is a name in braces.
    pub(crate) part: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Result<Vec<u8>, String>>,
}

/// A successful reply, not yet parsed.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Call {
    /// Returns a call without query and body.
    pub(crate) fn new(operation: Operation, part: impl fmt::Display) -> Self {
        Self { operation, part: part.to_string(), query: Vec::new(), body: None }
    }

    /// Sets the body of the call.
    pub(crate) fn with(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        self.body = Some(serde_json::to_vec(body).map_err(|error| error.to_string()));
        self
    }
}

impl Raw {
    /// Returns the reply to a DELETE that succeeded although its reply was lost.
    fn gone() -> Self {
        Self { status: StatusCode::NO_CONTENT.as_u16(), headers: HeaderMap::new(), body: Vec::new() }
    }

    /// Parses the body.
    pub(crate) fn parsed<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(Error::Unreadable)
    }
}

impl Client {
    /// Sends a call until it has a final answer or the retry policy ends.
    pub(crate) async fn call(&self, call: &Call, key: Option<&IdempotencyKey>) -> Result<Raw, Error> {
        let policy = self.inner.retry;
        // True if an earlier attempt may have taken effect although its reply was lost.
        let mut unheard = false;
        let mut sent = 0;
        loop {
            sent += 1;
            let error = match self.call_once(call, key).await {
                Ok(raw) => return Ok(raw),
                Err(Error::NotFound { .. }) if call.operation.method == "DELETE" && unheard => return Ok(Raw::gone()),
                Err(error) => error,
            };
            unheard |= matches!(error, Error::NoReply(_) | Error::Unavailable { .. });
            let asked = match &error {
                Error::Throttled { retry_after, .. } => *retry_after,
                Error::Conflict { retry_after: Some(after), .. } => Some(*after),
                Error::Unavailable { status: 502..=504, .. } | Error::NoReply(_) => None,
                _ => return Err(error),
            };
            let Some(wait) = policy.wait(sent, asked, &mut rand::rng()) else { return Err(error) };
            tokio::time::sleep(wait).await;
        }
    }

    async fn call_once(&self, call: &Call, key: Option<&IdempotencyKey>) -> Result<Raw, Error> {
        let url = self.inner.url(call.operation.segments(&call.part))?;
        let mut request = self.inner.http.request(call.operation.method(), url);
        request = request.header(AUTHORIZATION, self.inner.authorization.clone());
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        if let Some(body) = &call.body {
            let body = body.clone().map_err(Error::Unsendable)?;
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key.as_str());
        }
        let failed = |error: reqwest::Error| match error.is_builder() {
            true => Error::Unsendable(error.without_url().to_string()),
            false => Error::NoReply(error.without_url()),
        };
        let response = request.send().await.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(failed)?.to_vec();
        if status.is_success() {
            return Ok(Raw { status: status.as_u16(), headers, body });
        }
        Err(Error::of(status, &headers, &body))
    }

    /// Sends a call that only reads.
    pub(crate) async fn read<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        self.call(&call, None).await?.parsed()
    }

    /// Sends a call that deletes. A row that is already gone counts as deleted if an earlier attempt lost its reply.
    pub(crate) async fn delete(&self, operation: Operation, id: u64) -> Result<(), Error> {
        self.call(&Call::new(operation, id), None).await.map(drop)
    }
}

/// The answer to a change, with the properties of its reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply<T> {
    /// The parsed body of the reply.
    pub value: T,
    /// The status: 200 or 201. In the reply to a PUT of a customer or an order, 201 means that it was created.
    pub status: u16,
    /// True if this repeats the first reply to the same key, so that nothing happened now.
    pub replayed: bool,
    /// The id of the request in the server's log.
    pub request_id: Option<String>,
}

/// A change, which is sent when it is awaited. `client.level_create(&level).await?` returns the answer alone;
/// [`send`](Self::send) returns the properties of the reply too. It has an [`IdempotencyKey`] from the start, which
/// every attempt carries.
#[must_use = "nothing is sent until it is awaited"]
pub struct Change<T> {
    client: Client,
    call: Call,
    key: IdempotencyKey,
    answer: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for Change<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Change").field("operation", &self.call.operation.id).field("key", &self.key).finish()
    }
}

impl<T: DeserializeOwned> Change<T> {
    pub(crate) fn new(client: &Client, call: Call) -> Self {
        debug_assert!(call.operation.takes_key(), "{}", call.operation.id);
        Self { client: client.clone(), call, key: IdempotencyKey::random(), answer: PhantomData }
    }

    /// Sets the idempotency key. Use a stored key for a change that must happen only once even if the process ends.
    pub fn key(mut self, key: IdempotencyKey) -> Self {
        self.key = key;
        self
    }

    /// Returns the idempotency key of the change.
    pub fn idempotency_key(&self) -> &IdempotencyKey {
        &self.key
    }

    /// Sends the change, and returns the answer with the properties of the reply. It may be sent again after an error:
    /// the key stays the same.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn send(&self) -> Result<Reply<T>, Error> {
        let raw = self.client.call(&self.call, Some(&self.key)).await?;
        let replayed = raw.headers.get("idempotent-replayed").is_some_and(|value| value == "true");
        Ok(Reply { value: raw.parsed()?, status: raw.status, replayed, request_id: request_id(&raw.headers) })
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for Change<T> {
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.send().await?.value) })
    }
}
