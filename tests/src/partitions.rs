//! A model of the throughput and latency of DynamoDB's partitions, for measuring contention. It sits between the SDK
//! and the embedded store, which has no such limits.
//!
//! Each part of the model is no kinder than AWS documents. The sources are two chapters of the developer guide: "Best
//! practices for designing and using partition keys effectively" and "Managing complex workflows with DynamoDB
//! transactions".
//! - A partition takes 1,000 write units and 3,000 read units a second. Every partition key is a partition here.
//!   DynamoDB splits a hot partition between sort keys, but that takes minutes, longer than a sale. Burst capacity is
//!   the unused capacity of one second; DynamoDB keeps up to five minutes.
//! - The units of a call (`ConsumedCapacity`) are spread evenly over the items that it wrote, or charged to the
//!   partition that it read. An overdrawn partition refuses calls, as DynamoDB does, until enough time has paid for the
//!   debt.
//! - A transaction locks its items while it runs. Another write to a locked item is refused with `TransactionConflict`.
//!   A cancelled transaction consumes two units for each item, also if a condition cancelled it, because the guide
//!   names no exception. Reads do not wait.
//! - Latency is drawn between a minimum and a maximum.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use devserver::hostile::{body, failed, operation};
use rand::Rng;
use serde_json::{Value, json};
use shop::keys::Key;

/// The write units of each item of a cancelled transaction. Nearly all items have at most one kilobyte.
const CANCELLED: f64 = 2.0;

/// The parameters of the model.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    /// The write units a second of one partition.
    pub write_units: f64,
    /// The read units a second of one partition.
    pub read_units: f64,
    /// The minimal and maximal latency of a read, of a single write, and of a transaction.
    pub latencies: [(Duration, Duration); 3],
}

impl Default for Model {
    fn default() -> Self {
        let between = |from, to| (Duration::from_millis(from), Duration::from_millis(to));
        Self { latencies: [between(2, 6), between(4, 10), between(8, 25)], ..Self::NEAR }
    }
}

impl Model {
    /// A model without latency beyond that of the embedded store.
    pub const NEAR: Self =
        Self { write_units: 1_000.0, read_units: 3_000.0, latencies: [(Duration::ZERO, Duration::ZERO); 3] };
}

/// Counts of the calls so far.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The number of calls that were carried out.
    pub calls: u64,
    /// The number of transactions and writes that were refused because another call had locked an item.
    pub conflicts: u64,
    /// The number of calls that were refused because a partition was overdrawn.
    pub throttled: u64,
    /// The number of such refusals by partition and by kind: reads (false) and writes (true).
    pub overdrawn: HashMap<(String, bool), u64>,
    /// The write units of each partition.
    pub written: HashMap<String, f64>,
    /// The number of conflicts by partition.
    pub fought_over: HashMap<String, u64>,
}

/// An HTTP client for the SDK that applies the limits of the model.
#[derive(Debug, Clone)]
pub struct Partitions {
    inner: SharedHttpClient,
    model: Model,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    seen: Seen,
    held: HashSet<(String, String)>,
    /// The remaining units of each partition and kind, and the time of that reading.
    left: HashMap<(String, bool), (f64, Instant)>,
}

/// The place of an item: partition key and sort key.
type Place = (String, String);

/// The items that a call touches.
struct Touched {
    kind: usize,
    transaction: bool,
    places: Vec<Place>,
}

impl Partitions {
    /// Creates the model over plain HTTP to a store on this machine.
    pub fn over_http(model: Model) -> Self {
        let inner = aws_smithy_http_client::Builder::new().build_http();
        Self { inner, model, state: Arc::default() }
    }

    /// Returns the counts so far.
    pub fn seen(&self) -> Seen {
        self.state().seen.clone()
    }

    /// Locks an item, as an endless transaction would. Writes to it are refused until [`Self::let_go`].
    pub fn hold(&self, key: &Key) {
        self.state().held.insert((key.pk.clone(), key.sk.clone()));
    }

    /// Unlocks an item.
    pub fn let_go(&self, key: &Key) {
        self.state().held.remove(&(key.pk.clone(), key.sk.clone()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits a call and locks the items that it writes, or returns DynamoDB's refusal.
    fn refusal(&self, touched: &Touched) -> Option<HttpResponse> {
        let mut state = self.state();
        let writes = touched.kind > 0;
        let overdrawn: Vec<_> = touched.places.iter().map(|(pk, _)| self.left(&mut state, pk, writes) <= 0.0).collect();
        if overdrawn.contains(&true) {
            state.seen.throttled += 1;
            let refusing = touched.places.iter().zip(&overdrawn).filter(|(_, is)| **is).map(|((pk, _), _)| pk);
            for pk in refusing.collect::<HashSet<_>>() {
                *state.seen.overdrawn.entry((pk.clone(), writes)).or_default() += 1;
            }
            let code = if touched.transaction { "ThrottlingError" } else { "ThrottlingException" };
            return Some(refusal(touched, &overdrawn, code));
        }
        if !writes {
            return None;
        }
        let met: Vec<_> = touched.places.iter().map(|place| state.held.contains(place)).collect();
        if met.contains(&true) {
            state.seen.conflicts += 1;
            for ((pk, _), _) in touched.places.iter().zip(&met).filter(|(_, met)| **met) {
                *state.seen.fought_over.entry(pk.clone()).or_default() += 1;
            }
            self.take(&mut state, touched, CANCELLED);
            let code = if touched.transaction { "TransactionConflict" } else { "TransactionConflictException" };
            return Some(refusal(touched, &met, code));
        }
        if touched.transaction {
            state.held.extend(touched.places.iter().cloned());
        }
        None
    }

    fn left(&self, state: &mut State, pk: &str, writes: bool) -> f64 {
        let most = if writes { self.model.write_units } else { self.model.read_units };
        let (left, at) = state.left.entry((pk.to_owned(), writes)).or_insert_with(|| (most, Instant::now()));
        *left = (*left + at.elapsed().as_secs_f64() * most).min(most);
        *at = Instant::now();
        *left
    }

    /// Charges the units of a call to its partitions and unlocks its items.
    fn settle(&self, touched: &Touched, units: f64) {
        let mut state = self.state();
        state.seen.calls += 1;
        #[expect(clippy::cast_precision_loss, reason = "at most a hundred")]
        let each = units / touched.places.len().max(1) as f64;
        // A refused condition does not report its units.
        let share = if touched.transaction && units == 0.0 { CANCELLED } else { each };
        self.take(&mut state, touched, share);
        if touched.transaction {
            touched.places.iter().for_each(|place| {
                state.held.remove(place);
            });
        }
    }

    /// Charges these units to the partition of each item.
    fn take(&self, state: &mut State, touched: &Touched, share: f64) {
        let writes = touched.kind > 0;
        for (pk, _) in &touched.places {
            self.left(state, pk, writes);
            if let Some((left, _)) = state.left.get_mut(&(pk.clone(), writes)) {
                *left -= share;
            }
            if writes {
                *state.seen.written.entry(pk.clone()).or_default() += share;
            }
        }
    }
}

impl HttpClient for Partitions {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(PartitionsConnector { inner, partitions: self.clone() })
    }
}

#[derive(Debug)]
struct PartitionsConnector {
    inner: SharedHttpConnector,
    partitions: Partitions,
}

impl HttpConnector for PartitionsConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let touched = touched(&request);
        let (from, to) = self.partitions.model.latencies[touched.kind];
        let latency = rand::rng().random_range(from..=to);
        let (inner, partitions) = (self.inner.clone(), self.partitions.clone());
        HttpConnectorFuture::new(async move {
            if let Some(refusal) = partitions.refusal(&touched) {
                tokio::time::sleep(from).await;
                return Ok(refusal);
            }
            // The latency of the embedded store is part of the modelled latency.
            let over = tokio::time::Instant::now() + latency;
            let answer = read(inner.call(request).await).await;
            tokio::time::sleep_until(over).await;
            partitions.settle(&touched, answer.as_ref().map_or(0.0, |(_, units)| *units));
            answer.map(|(response, _)| response)
        })
    }
}

/// Reads an answer and the units that it reports.
async fn read(answer: Result<HttpResponse, ConnectorError>) -> Result<(HttpResponse, f64), ConnectorError> {
    let answer = answer?;
    let status = answer.status();
    let bytes =
        ByteStream::new(answer.into_body()).collect().await.map_err(|error| ConnectorError::io(error.into()))?;
    let bytes = bytes.into_bytes();
    let said: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let consumed = &said["ConsumedCapacity"];
    let tables = consumed.as_array().map_or_else(|| vec![consumed], |tables| tables.iter().collect());
    let units = tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
    Ok((HttpResponse::new(status, SdkBody::from(bytes)), units))
}

fn place(key: &Value) -> Option<Place> {
    Some((key["PK"]["S"].as_str()?.to_owned(), key["SK"]["S"].as_str()?.to_owned()))
}

fn touched(request: &HttpRequest) -> Touched {
    let body = body(request);
    let (kind, places) = match operation(request).as_str() {
        "TransactWriteItems" => {
            let actions = body["TransactItems"].as_array().into_iter().flatten();
            let item = |action: &Value| {
                let action = action.as_object()?.values().next()?;
                place(&action["Key"]).or_else(|| place(&action["Item"]))
            };
            (2, actions.filter_map(item).collect())
        }
        "PutItem" => (1, place(&body["Item"]).into_iter().collect()),
        "UpdateItem" | "DeleteItem" => (1, place(&body["Key"]).into_iter().collect()),
        "GetItem" => (0, place(&body["Key"]).into_iter().collect()),
        "BatchGetItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let keys = tables.filter_map(|(_, asked)| asked["Keys"].as_array()).flatten();
            (0, keys.filter_map(place).collect())
        }
        "Query" => {
            let values = body["ExpressionAttributeValues"].as_object().into_iter().flatten();
            let partition = values.filter(|(name, _)| *name == ":pk").filter_map(|(_, value)| value["S"].as_str());
            (0, partition.map(|pk| (pk.to_owned(), String::new())).collect())
        }
        _ => (0, Vec::new()),
    };
    Touched { kind, transaction: kind == 2, places }
}

/// Returns DynamoDB's refusal of a call because of some of its items.
fn refusal(touched: &Touched, items: &[bool], code: &str) -> HttpResponse {
    if !touched.transaction {
        return failed(400, code, json!({}));
    }
    let reason = |refused: &bool| json!({ "Code": if *refused { code } else { "None" } });
    let reasons: Vec<_> = items.iter().map(reason).collect();
    failed(400, "TransactionCanceledException", json!({ "CancellationReasons": reasons }))
}
