//! What one partition of DynamoDB bears, and how long it takes: a model between the SDK and the embedded store, which has
//! no such limits, for measuring what a crowd meets.
//!
//! The model, each part no kinder than what AWS documents ("Best practices for designing and using partition keys
//! effectively", "Managing complex workflows with DynamoDB transactions", both of the developer guide):
//! - A partition takes 1,000 write and 3,000 read units a second, and here every partition key is a partition: what DynamoDB does with
//!   a heat that lasts (it splits a partition between sort keys) takes minutes, longer than a sale. Burst capacity is what a
//!   partition did not use in one second, where DynamoDB keeps up to five minutes of it.
//! - What a call consumed (`ConsumedCapacity`) is spread evenly over the items that it wrote, or taken from the partition
//!   that it read. A partition that is overdrawn refuses the next call, as DynamoDB does, until a second has paid for it.
//! - A transaction holds its items for as long as it takes; another write that meets it there is refused with
//!   `TransactionConflict`. What is cancelled, also by a condition, has consumed two units for each of its items: the guide
//!   does not say that it is spared any. Reads do not wait.
//! - Latency is drawn between a shortest and a longest.

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
use local::hostile::{body, failed, operation};
use rand::Rng;
use serde_json::{Value, json};
use shared::table::keys::Key;

/// The write units of each item of a transaction that is cancelled; they are of a kilobyte at the most, nearly all.
const CANCELLED: f64 = 2.0;

/// What is modelled.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    /// Write units a second of one partition.
    pub write_units: f64,
    /// Read units a second of one partition.
    pub read_units: f64,
    /// The shortest and the longest time of a read, of a single write, and of a transaction.
    pub latencies: [(Duration, Duration); 3],
}

impl Default for Model {
    fn default() -> Self {
        let between = |from, to| (Duration::from_millis(from), Duration::from_millis(to));
        Self { latencies: [between(2, 6), between(4, 10), between(8, 25)], ..Self::NEAR }
    }
}

impl Model {
    /// A store that takes no longer than the embedded one does.
    pub const NEAR: Self =
        Self { write_units: 1_000.0, read_units: 3_000.0, latencies: [(Duration::ZERO, Duration::ZERO); 3] };
}

/// What happened so far.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Calls that were carried out.
    pub calls: u64,
    /// Transactions and writes refused because another had an item of theirs.
    pub conflicts: u64,
    /// Calls refused because a partition was overdrawn.
    pub throttled: u64,
    /// How often each partition refused them, reading (false) or writing.
    pub overdrawn: HashMap<(String, bool), u64>,
    /// The write units of each partition.
    pub written: HashMap<String, f64>,
    /// How often the items of each partition were fought over.
    pub fought_over: HashMap<String, u64>,
}

/// An HTTP client for the SDK that lets through what partitions bear.
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
    /// What is left of a partition's units, writing and reading, and when it was reckoned.
    left: HashMap<(String, bool), (f64, Instant)>,
}

/// An item: its partition and its place there.
type Place = (String, String);

/// What a call touches.
struct Touched {
    kind: usize,
    transaction: bool,
    places: Vec<Place>,
}

impl Partitions {
    /// The model in plain HTTP to a store on this machine.
    pub fn over_http(model: Model) -> Self {
        let inner = aws_smithy_http_client::Builder::new().build_http();
        Self { inner, model, state: Arc::default() }
    }

    /// What happened so far.
    pub fn seen(&self) -> Seen {
        self.state().seen.clone()
    }

    /// Holds an item as a transaction that does not end would: what writes it is refused until it is let go.
    pub fn hold(&self, key: &Key) {
        self.state().held.insert((key.pk.clone(), key.sk.clone()));
    }

    /// Lets go of an item.
    pub fn let_go(&self, key: &Key) {
        self.state().held.remove(&(key.pk.clone(), key.sk.clone()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call in, holding what it writes; or says how DynamoDB refuses it.
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

    /// Takes what a call consumed from its partitions, and lets go of its items.
    fn settle(&self, touched: &Touched, units: f64) {
        let mut state = self.state();
        state.seen.calls += 1;
        #[expect(clippy::cast_precision_loss, reason = "at most a hundred")]
        let each = units / touched.places.len().max(1) as f64;
        // A refused condition does not say what it consumed.
        let share = if touched.transaction && units == 0.0 { CANCELLED } else { each };
        self.take(&mut state, touched, share);
        if touched.transaction {
            touched.places.iter().for_each(|place| {
                state.held.remove(place);
            });
        }
    }

    /// Takes so many units from the partition of each item.
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
            // What the embedded store takes itself is part of the modelled time.
            let over = tokio::time::Instant::now() + latency;
            let answer = read(inner.call(request).await).await;
            tokio::time::sleep_until(over).await;
            partitions.settle(&touched, answer.as_ref().map_or(0.0, |(_, units)| *units));
            answer.map(|(response, _)| response)
        })
    }
}

/// An answer with what it says it consumed.
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

/// How DynamoDB refuses a call because of some of its items.
fn refusal(touched: &Touched, items: &[bool], code: &str) -> HttpResponse {
    if !touched.transaction {
        return failed(400, code, json!({}));
    }
    let reason = |refused: &bool| json!({ "Code": if *refused { code } else { "None" } });
    let reasons: Vec<_> = items.iter().map(reason).collect();
    failed(400, "TransactionCanceledException", json!({ "CancellationReasons": reasons }))
}
