//! Fault injection: the faults of a real DynamoDB that the embedded store does not have. They are transaction
//! conflicts, throttling, 5xx replies, partly processed batches, and time-outs before and after the effect of a call.
//! There are no stale index reads, because the table has no index and every read is strongly consistent.
//!
//! The faults are injected between the SDK and the store, so that the retries of the SDK and our own are the real ones.
//! The same seed and the same order of calls give the same faults.

mod dying;
mod unprocessed;

use std::{
    collections::HashSet,
    str::FromStr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

pub use dying::{Counted, Death, Dying, LastCall, Life};

/// The probability of each fault, from 0 to 1.
#[derive(Debug, Clone, Copy, Default)]
pub struct Profile {
    /// A transaction or a single update meets a conflict, and has no effect.
    pub conflict: f64,
    /// A call is throttled.
    pub throttled: f64,
    /// A call ends with a 500 before it takes effect.
    pub server_error: f64,
    /// A call times out before it takes effect.
    pub timeout_before: f64,
    /// A call times out after it took effect.
    pub timeout_after: f64,
    /// A batch of reads or writes is processed in part, and the rest comes back as unprocessed.
    pub unprocessed: f64,
    /// The least time that every call takes, in place of a network's latency.
    pub latency: Duration,
}

impl Profile {
    /// Every fault now and then. About one call in five fails.
    pub const MILD: Self = Self {
        conflict: 0.2,
        throttled: 0.03,
        server_error: 0.02,
        timeout_before: 0.02,
        timeout_after: 0.05,
        unprocessed: 0.2,
        latency: Duration::ZERO,
    };

    /// Many faults. About one call in three fails, and one transaction in two.
    pub const HARSH: Self = Self {
        conflict: 0.25,
        throttled: 0.1,
        server_error: 0.08,
        timeout_before: 0.05,
        timeout_after: 0.1,
        unprocessed: 0.5,
        latency: Duration::ZERO,
    };
}

/// A fault profile and a seed, parsed from `mild` or `harsh`. `@SEED` after the name repeats the faults of an earlier
/// run; without it the seed is random.
#[derive(Debug, Clone, Copy)]
pub struct Chaos {
    /// The probability of each fault.
    pub profile: Profile,
    /// The seed of the random numbers that choose the faults.
    pub seed: u64,
}

impl FromStr for Chaos {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, seed) = text.split_once('@').map_or((text, None), |(name, seed)| (name, Some(seed)));
        let profile = match name {
            "mild" => Profile::MILD,
            "harsh" => Profile::HARSH,
            _ => return Err(format!("unknown profile {name:?}: use mild or harsh")),
        };
        let seed = match seed {
            Some(seed) => {
                seed.parse().map_err(|_| format!("invalid seed {seed:?}: use a whole number from 0 to 2^64 - 1"))?
            }
            None => rand::random(),
        };
        Ok(Self { profile, seed })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Conflict,
    Throttled,
    ServerError,
    TimeoutBefore,
    TimeoutAfter,
    Unprocessed(&'static str),
}

/// An HTTP client for the SDK that injects faults into the calls of another client.
#[derive(Debug, Clone)]
pub struct Hostile {
    inner: SharedHttpClient,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    profile: Profile,
    random: Mutex<StdRng>,
    injected: AtomicUsize,
    /// The request tokens of transactions whose reply was lost after they took effect. DynamoDB answers such a
    /// transaction again and does not cancel it.
    carried_out: Mutex<HashSet<String>>,
}

impl Hostile {
    /// Returns a client that injects the faults of `profile` into plain HTTP calls to a store on this machine.
    pub fn over_http(profile: Profile, seed: u64) -> Self {
        Self::new(aws_smithy_http_client::Builder::new().build_http(), profile, seed)
    }

    /// Returns a client that injects the faults of `profile` into the calls of `inner`.
    pub fn new(inner: SharedHttpClient, profile: Profile, seed: u64) -> Self {
        let random = Mutex::new(StdRng::seed_from_u64(seed));
        let (injected, carried_out) = (AtomicUsize::new(0), Mutex::default());
        Self { inner, state: Arc::new(State { profile, random, injected, carried_out }) }
    }

    /// Returns the number of faults so far.
    pub fn injected(&self) -> usize {
        self.state.injected.load(Ordering::Relaxed)
    }
}

impl State {
    fn carried_out(&self) -> MutexGuard<'_, HashSet<String>> {
        self.carried_out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, can_conflict: bool, rest_name: Option<&'static str>) -> Fault {
        let mut at = self.random.lock().unwrap_or_else(PoisonError::into_inner).random::<f64>();
        let profile = self.profile;
        let faults = [
            (Fault::Conflict, if can_conflict { profile.conflict } else { 0.0 }),
            (Fault::Throttled, profile.throttled),
            (Fault::ServerError, profile.server_error),
            (Fault::TimeoutBefore, profile.timeout_before),
            (Fault::TimeoutAfter, profile.timeout_after),
            (Fault::Unprocessed(rest_name.unwrap_or_default()), rest_name.map_or(0.0, |_| profile.unprocessed)),
        ];
        for (fault, share) in faults {
            if at < share {
                self.injected.fetch_add(1, Ordering::Relaxed);
                return fault;
            }
            at -= share;
        }
        Fault::None
    }
}

impl HttpClient for Hostile {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(HostileConnector { inner, state: self.state.clone() })
    }
}

#[derive(Debug)]
struct HostileConnector {
    inner: SharedHttpConnector,
    state: Arc<State>,
}

impl HttpConnector for HostileConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = operation(&request);
        // The calls that create a table get no faults.
        let fault = match operation.as_str() {
            "CreateTable" | "DescribeTable" | "DeleteTable" => Fault::None,
            "TransactWriteItems" => self.state.next(!self.state.carried_out().contains(&request_token(&request)), None),
            "UpdateItem" => self.state.next(true, None),
            "BatchGetItem" => self.state.next(false, Some("UnprocessedKeys")),
            "BatchWriteItem" => self.state.next(false, Some("UnprocessedItems")),
            _ => self.state.next(false, None),
        };
        match fault {
            Fault::None if self.state.profile.latency.is_zero() => self.inner.call(request),
            Fault::None => {
                let (call, latency) = (self.inner.call(request), self.state.profile.latency);
                HttpConnectorFuture::new(async move {
                    tokio::time::sleep(latency).await;
                    call.await
                })
            }
            Fault::Conflict if operation == "UpdateItem" => {
                HttpConnectorFuture::ready(Ok(failed(400, "TransactionConflictException", json!({}))))
            }
            Fault::Conflict => HttpConnectorFuture::ready(Ok(cancelled(&request))),
            Fault::Throttled => HttpConnectorFuture::ready(Ok(failed(400, "ThrottlingException", json!({})))),
            Fault::ServerError => HttpConnectorFuture::ready(Ok(failed(500, "InternalServerError", json!({})))),
            Fault::TimeoutBefore => HttpConnectorFuture::ready(Err(timed_out())),
            Fault::Unprocessed(rest_name) => {
                HttpConnectorFuture::new(unprocessed::halve(self.inner.clone(), request, rest_name))
            }
            Fault::TimeoutAfter => {
                let (token, state) = (request_token(&request), self.state.clone());
                state.carried_out().insert(token.clone());
                let carried_out = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    // The reply is lost in any case. A transaction that the store refused had no effect, so a later
                    // attempt may still be cancelled.
                    if !carried_out.await.is_ok_and(|response| response.status().is_success()) {
                        state.carried_out().remove(&token);
                    }
                    Err(timed_out())
                })
            }
        }
    }
}

fn timed_out() -> ConnectorError {
    ConnectorError::timeout("injected".into())
}

/// Returns the operation of a call, such as `GetItem`.
pub fn operation(request: &HttpRequest) -> String {
    let target = request.headers().get("x-amz-target").and_then(|target| target.split('.').nth(1));
    target.unwrap_or_default().to_owned()
}

/// Returns an error reply in the format of DynamoDB.
pub fn failed(status: u16, code: &str, mut body: Value) -> HttpResponse {
    body["__type"] = format!("com.amazonaws.dynamodb.v20120810#{code}").into();
    body["message"] = "injected".into();
    let status = StatusCode::try_from(status).expect("a status between 100 and 999");
    HttpResponse::new(status, SdkBody::from(body.to_string()))
}

/// Returns the body of a call as JSON, or null if it is not JSON.
pub fn body(request: &HttpRequest) -> Value {
    request.body().bytes().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default()
}

/// Returns the `ClientRequestToken` of a transaction.
fn request_token(request: &HttpRequest) -> String {
    body(request)["ClientRequestToken"].as_str().unwrap_or_default().to_owned()
}

/// Returns a cancelled transaction: the first item conflicts with another transaction.
fn cancelled(request: &HttpRequest) -> HttpResponse {
    let items = body(request)["TransactItems"].as_array().map_or(1, Vec::len);
    let reason = |index| json!({ "Code": if index == 0 { "TransactionConflict" } else { "None" } });
    let reasons: Vec<_> = (0..items).map(reason).collect();
    failed(400, "TransactionCanceledException", json!({ "CancellationReasons": reasons }))
}
