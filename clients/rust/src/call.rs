//! One request: what it says, how it is sent and sent again, and what came back.

use std::{fmt, future::IntoFuture, marker::PhantomData, pin::Pin};

use reqwest::{
    StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Client, Error, IdempotencyKey, error::request_id, operations::Operation};

/// What is asked of the server.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    /// What stands in the path instead of its name in braces.
    pub(crate) part: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Result<Vec<u8>, String>>,
}

/// A reply as it came.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Call {
    /// A call without query and body.
    pub(crate) fn new(operation: Operation, part: impl fmt::Display) -> Self {
        Self { operation, part: part.to_string(), query: Vec::new(), body: None }
    }

    /// The same with this body.
    pub(crate) fn with(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        self.body = Some(serde_json::to_vec(body).map_err(|error| error.to_string()));
        self
    }
}

impl Raw {
    /// The reply to a DELETE, where it was lost.
    fn gone() -> Self {
        Self { status: StatusCode::NO_CONTENT.as_u16(), headers: HeaderMap::new(), body: Vec::new() }
    }

    /// What the body says.
    pub(crate) fn parsed<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(Error::Unreadable)
    }
}

impl Client {
    /// Sends a call until it is answered or the policy ends.
    pub(crate) async fn call(&self, call: &Call, key: Option<&IdempotencyKey>) -> Result<Raw, Error> {
        let policy = self.inner.retry;
        // Whether an earlier sending may have had its effect without our hearing of it.
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

    /// A call that only reads.
    pub(crate) async fn read<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        self.call(&call, None).await?.parsed()
    }

    /// A call that deletes; one that is gone already, by a sending whose reply was lost, is deleted too.
    pub(crate) async fn delete(&self, operation: Operation, id: u64) -> Result<(), Error> {
        self.call(&Call::new(operation, id), None).await.map(drop)
    }
}

/// An answer, and what came with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply<T> {
    /// The answer.
    pub value: T,
    /// 200 or 201; of a PUT of a customer or an order 201 says that it is new.
    pub status: u16,
    /// Whether this is the first reply to the same key again: nothing happened now.
    pub replayed: bool,
    /// What names the request in the server's log.
    pub request_id: Option<String>,
}

/// A change that is sent when it is awaited: `client.level_create(&level).await?` for the answer alone, or
/// [`send`](Self::send) for what came with it. It has an [`IdempotencyKey`] from the start, which all its sendings carry.
#[must_use = "nothing is sent before it is awaited"]
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

    /// Sends it under this key: for a change that is to happen once though the process may end meanwhile.
    pub fn key(mut self, key: IdempotencyKey) -> Self {
        self.key = key;
        self
    }

    /// The key that it is sent under.
    pub fn idempotency_key(&self) -> &IdempotencyKey {
        &self.key
    }

    /// Sends it and answers with what came beside the answer. After an error it may be sent again: the key is the same.
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
