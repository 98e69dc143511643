//! The extractor of requests that change something: their JSON body and their `Idempotency-Key`
//! (docs/api/idempotency.md).

use std::sync::atomic::{AtomicU64, Ordering};

use axum::{
    extract::{FromRequest, Request},
    response::Response,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use crate::{
    app::{App, Caller},
    http::{
        access,
        checked::Checked,
        envelope,
        error::{ErrorReply, json_reply},
        json,
    },
};
use domain::{error::Error, id::Id};
use shop::orders::settling::settle_soon;
use store::{
    attempts::Attempts,
    batches::{self, Batch},
    idempotency::{Guard, KEPT, KEPT_FOR_OPERATORS, KeyState, Outcome, Reply, carry_out_once},
    transaction::Transaction,
};

/// The most bytes of a body (docs/api/conventions.md).
pub const MAX_BODY: usize = 5 * 1024 * 1024;
/// The name of the header that makes a request idempotent.
const KEY: &str = "idempotency-key";
/// The most characters of a key.
const KEY_LENGTH: usize = 255;

/// The header of a request that may be sent again. It serves the description only: [`Change`] reads the header.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes the header")]
pub struct IdempotencyKey {
    /// A key of the client's choice, 1 to 255 visible characters, which belongs to the shop: the same key with the same
    /// request within 24 hours answers the first reply again and changes nothing.
    #[param(
        rename = "Idempotency-Key",
        nullable = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$",
        example = "order-2528283-paid"
    )]
    idempotency_key: Option<String>,
}

/// A request that changes something.
#[derive(Debug)]
pub struct Change {
    body: Body,
    bytes: Bytes,
    /// The time at which the request came.
    pub at: DateTime<Utc>,
    guard: Option<Guard>,
}

impl FromRequest<App> for Change {
    type Rejection = ErrorReply;

    async fn from_request(request: Request, app: &App) -> Result<Self, ErrorReply> {
        let (parts, body) = request.into_parts();
        let bytes = collect(body).await?;
        let body = parse(&parts.headers, &bytes);
        let key = key(&parts.headers)?;
        let at = app.clock.now();
        let kept = if access::is_operator(&parts) { KEPT_FOR_OPERATORS } else { KEPT };
        let guard = match (key, &body) {
            (Some(key), Body::Json(body)) => {
                let request = format!("{} {} {}", parts.method, parts.uri.path(), canonical(body));
                Some(Guard { key: hash(key), fingerprint: hash(&request), now: at, until: at + kept })
            }
            // A body that is no JSON is refused, and refusals are not kept.
            _ => None,
        };
        Ok(Self { body, bytes, at, guard })
    }
}

/// The body of a request.
#[derive(Debug)]
enum Body {
    Json(Value),
    /// A body that is no JSON, with the reason.
    Malformed(String),
    /// A body of another media type, with its name.
    Foreign(String),
}

impl Change {
    /// Returns the body, or `{}` if it is empty.
    ///
    /// # Errors
    /// A body that is no JSON. A plan that changes a row calls this after it has found the row, because a 404 comes first.
    pub fn body(&self) -> Result<&Value, Error> {
        match &self.body {
            Body::Json(value) => Ok(value),
            Body::Malformed(reason) => Err(Error::Parse(reason.clone())),
            Body::Foreign(media_type) => Err(Error::UnsupportedMediaType(media_type.clone())),
        }
    }

    /// Returns the text of a JSON body as it came, or `{}` if it is empty.
    ///
    /// # Errors
    /// The errors of [`Self::body`].
    pub fn text(&self) -> Result<&str, Error> {
        self.body()?;
        if self.bytes.is_empty() {
            return Ok("{}");
        }
        std::str::from_utf8(&self.bytes).map_err(|error| Error::Parse(error.to_string()))
    }

    /// Parses the body.
    ///
    /// # Errors
    /// The errors of [`Self::body`], and [`Error::Invalid`].
    pub fn parsed<T>(&self, parse: impl FnOnce(&Value) -> Checked<T>) -> Result<T, Error> {
        parse(self.body()?).map_err(Error::Invalid)
    }

    /// Carries out a change that may be too large for one transaction. A request with the same key answers the first
    /// reply, or adopts the batch if its process has died. `prepare` checks the request and returns the items of the
    /// batch; `work` does them and returns the reply.
    pub async fn batch<T, P, F>(
        &self,
        app: &App,
        caller: &Caller,
        kind: &str,
        prepare: impl Fn() -> P,
        work: impl Fn(Batch) -> F,
    ) -> Result<Response, ErrorReply>
    where
        T: Serialize,
        P: Future<Output = Result<Vec<T>, Error>>,
        F: Future<Output = Result<Reply, Error>>,
    {
        let (store, shop) = (&app.store, caller.shop_id());
        let mut attempts = Attempts::default();
        loop {
            let batch = match self.seen(app, caller).await? {
                KeyState::Reply(reply) => return respond(Outcome { reply, replayed: true }),
                KeyState::Batch(id) => Some(batches::adopt(store, shop, &id).await?),
                KeyState::Nothing => match prepare().await {
                    Ok(items) => batches::begin(store, shop, kind, self.guard.as_ref(), &items, self.at).await?,
                    // The refusal may be an effect of the same request, sent twice at once.
                    Err(refusal) => match self.seen(app, caller).await? {
                        KeyState::Nothing => return Err(refusal.into()),
                        _ => None,
                    },
                },
            };
            if let Some(batch) = batch {
                return respond(Outcome { reply: work(batch).await?, replayed: false });
            }
            attempts.pause().await?;
        }
    }

    /// Looks up the key of this request.
    async fn seen(&self, app: &App, caller: &Caller) -> Result<KeyState, Error> {
        match &self.guard {
            Some(guard) => guard.look(&app.store, caller.shop_id()).await,
            None => Ok(KeyState::Nothing),
        }
    }

    /// Carries out a change that creates a row, and answers 201 with the row; see [`Self::once`].
    pub async fn create<T, F>(
        &self,
        app: &App,
        caller: &Caller,
        plan: impl FnMut() -> F,
    ) -> Result<Response, ErrorReply>
    where
        T: Serialize,
        F: Future<Output = Result<(Transaction, T), Error>>,
    {
        self.once_with(StatusCode::CREATED, app, caller, plan).await
    }

    /// Carries out a change of a row, and answers 200 with the row; see [`Self::once`].
    pub async fn update<T, F>(
        &self,
        app: &App,
        caller: &Caller,
        plan: impl FnMut() -> F,
    ) -> Result<Response, ErrorReply>
    where
        T: Serialize,
        F: Future<Output = Result<(Transaction, T), Error>>,
    {
        self.once_with(StatusCode::OK, app, caller, plan).await
    }

    async fn once_with<T, F>(
        &self,
        status: StatusCode,
        app: &App,
        caller: &Caller,
        mut plan: impl FnMut() -> F,
    ) -> Result<Response, ErrorReply>
    where
        T: Serialize,
        F: Future<Output = Result<(Transaction, T), Error>>,
    {
        let plan = || {
            let planned = plan();
            async move {
                let (transaction, row) = planned.await?;
                Ok((transaction, envelope::reply(status, &row)?))
            }
        };
        self.once(app, caller, plan).await
    }

    /// Carries out a change as [`Self::once`] does. If its plan names an order, settles that order afterwards: not all of
    /// its work fitted into the transaction.
    pub async fn once_and_settle<F>(
        &self,
        app: &App,
        caller: &Caller,
        mut plan: impl FnMut() -> F,
    ) -> Result<Response, ErrorReply>
    where
        F: Future<Output = Result<(Transaction, Reply, Option<Id>), Error>>,
    {
        // The order of the last plan; no id is 0.
        let unsettled = AtomicU64::new(0);
        let plan = || {
            let (planned, unsettled) = (plan(), &unsettled);
            async move {
                let (transaction, reply, order) = planned.await?;
                unsettled.store(order.unwrap_or(0), Ordering::Relaxed);
                Ok((transaction, reply))
            }
        };
        let response = self.once(app, caller, plan).await?;
        match unsettled.into_inner() {
            0 => {}
            order => settle_soon(&app.store, caller.shop_id(), order, self.at).await,
        }
        Ok(response)
    }

    /// Plans and commits a change once, and answers the reply of its plan. The first reply is answered again if the
    /// `Idempotency-Key` is known. The plan runs again on a conflict.
    pub async fn once<F>(&self, app: &App, caller: &Caller, plan: impl FnMut() -> F) -> Result<Response, ErrorReply>
    where
        F: Future<Output = Result<(Transaction, Reply), Error>>,
    {
        let outcome = carry_out_once(&app.store, caller.shop_id(), self.guard.as_ref(), plan).await?;
        respond(outcome)
    }
}

/// Carries out the plan of a deletion, and answers 204. The plan runs again on a conflict.
///
/// # Errors
/// Those of the plan.
pub async fn delete<T, F>(app: &App, plan: impl FnMut() -> F) -> Result<Response, ErrorReply>
where
    F: Future<Output = Result<(Transaction, T), Error>>,
{
    app.store.carry_out(plan).await?;
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

fn respond(Outcome { reply, replayed }: Outcome) -> Result<Response, ErrorReply> {
    let status = StatusCode::from_u16(reply.status).map_err(|error| Error::Internal(error.to_string()))?;
    let mut response = json_reply(status, reply.body);
    if replayed {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

async fn collect(body: axum::body::Body) -> Result<Bytes, Error> {
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Error::TooLarge { limit: MAX_BODY }),
        Err(error) => Err(Error::Parse(error.to_string())),
    }
}

fn parse(headers: &HeaderMap, bytes: &Bytes) -> Body {
    if bytes.is_empty() {
        return Body::Json(Value::Object(serde_json::Map::new()));
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Body::Foreign(content_type.to_owned());
    }
    json::parse(bytes).map_or_else(|error| Body::Malformed(error.to_string()), Body::Json)
}

fn key(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let Some(value) = headers.get(KEY) else { return Ok(None) };
    let visible = |key: &&str| (1..=KEY_LENGTH).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    match value.to_str().ok().map(str::trim).filter(visible) {
        Some(key) => Ok(Some(key)),
        None => Err(Error::field("Idempotency-Key", "Ensure this header has 1 to 255 visible characters.")),
    }
}

fn hash(text: &str) -> String {
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

/// Writes equal JSON as equal text: with sorted keys, without blanks, `1.0` as `1`.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let mut fields: Vec<_> = object.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let field =
                |(name, value): (&String, &Value)| format!("{}:{}", Value::from(name.as_str()), canonical(value));
            format!("{{{}}}", fields.into_iter().map(field).collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Number(number) if number.is_f64() => number.as_f64().map(|float| float.to_string()).unwrap_or_default(),
        other => other.to_string(),
    }
}
