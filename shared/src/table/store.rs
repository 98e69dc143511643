//! The calls of DynamoDB, each counted by the [`meter`](super::meter) and bounded in retries and time.
//!
//! Reads are strongly consistent. The SDK retries throttling, 5xx and time-outs by itself; [`Store::commit`] adds what
//! it does not: contention between transactions, and outcomes that nobody knows.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::{
    Client,
    error::{DisplayErrorContext, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    primitives::Blob,
    types::{AttributeValue, KeysAndAttributes, PutRequest, ReturnConsumedCapacity, ReturnValue, WriteRequest},
};
use futures_util::future::try_join_all;
use rand::Rng;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Item,
    keys::{self, Key},
    meter::{self, Operation},
    transaction::{CommitError, Label, Transaction, key_attributes, n, s},
};
use crate::error::Error;

/// The most keys of one `BatchGetItem` (an AWS limit).
const BATCH_GET: usize = 100;
/// The most items of one `BatchWriteItem` (an AWS limit).
const BATCH_WRITE: usize = 25;
/// How many `BatchWriteItem` of one caller run at once.
const BATCHES_AT_ONCE: usize = 8;
/// How long contended work is tried again before it is a 503.
const PATIENCE: Duration = Duration::from_secs(15);

/// One table behind the SDK. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: Arc<str>,
}

/// A range of one partition, both ends inclusive.
#[derive(Debug, Clone, Default)]
pub struct Range {
    /// The partition.
    pub pk: String,
    /// The first and the last sort key; all of the partition without.
    pub between: Option<(String, String)>,
    /// From the end.
    pub descending: bool,
    /// The most items; all without.
    pub limit: Option<usize>,
}

/// The attribute of an item that holds bytes.
const BLOB: &str = "bytes";

/// An item that holds bytes until `ttl`, in epoch seconds.
pub(super) fn blob_item(key: &Key, ttl: i64, bytes: &[u8]) -> Item {
    let mut item = key_attributes(key);
    item.insert(keys::TTL.to_owned(), n(ttl));
    item.insert(BLOB.to_owned(), AttributeValue::B(Blob::new(bytes)));
    item
}

/// The bytes of an item.
pub(super) fn blob(item: &Item) -> &[u8] {
    item.get(BLOB).and_then(|value| value.as_b().ok()).map_or(&[], AsRef::as_ref)
}

/// Turns a fault of the store into a 503; the client sees none of the text.
fn unavailable<E: std::error::Error + Send + Sync + 'static>(error: &E) -> Error {
    Error::Unavailable(DisplayErrorContext(error).to_string())
}

/// Reads an item as an entity.
pub fn entity<T: DeserializeOwned>(item: Item) -> Result<T, Error> {
    serde_dynamo::from_item(item).map_err(|error| Error::Internal(format!("unreadable item: {error}")))
}

/// The attribute that counts the versions of a row, from 1.
pub const VERSION: &str = "version";

/// Reads an item as an entity and its version.
pub fn versioned<T: DeserializeOwned>(item: Item) -> Result<(T, u64), Error> {
    let version = item.get(VERSION).and_then(|value| value.as_n().ok()).and_then(|digits| digits.parse().ok());
    let version = version.ok_or_else(|| Error::Internal("a row without a version".to_owned()))?;
    Ok((entity(item)?, version))
}

/// Writes an entity as an item of `kind` under `key`.
pub fn item<T: Serialize>(key: &Key, kind: &str, entity: &T) -> Result<Item, Error> {
    let mut item: Item =
        serde_dynamo::to_item(entity).map_err(|error| Error::Internal(format!("unwritable item: {error}")))?;
    item.extend(key_attributes(key));
    item.insert(keys::TYPE.to_owned(), s(kind));
    Ok(item)
}

impl Store {
    /// The table `table` behind `client`.
    pub fn new(client: Client, table: &str) -> Self {
        Self { client, table: table.into() }
    }

    /// The SDK's client, for what concerns the table itself.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The name of the table.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// One item.
    pub async fn get(&self, key: &Key) -> Result<Option<Item>, Error> {
        let began = Instant::now();
        let output = self
            .client
            .get_item()
            .table_name(&*self.table)
            .set_key(Some(key_attributes(key)))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        meter::count(began, Operation::GetItem, output.consumed_capacity.as_slice());
        Ok(output.item)
    }

    /// One item as an entity.
    pub async fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, Error> {
        self.get(key).await?.map(entity).transpose()
    }

    /// The items that exist of these distinct keys, in no order.
    pub async fn batch_get(&self, keys: Vec<Key>) -> Result<Vec<Item>, Error> {
        let chunks = keys.chunks(BATCH_GET).map(|chunk| self.batch_get_chunk(chunk));
        Ok(try_join_all(chunks).await?.into_iter().flatten().collect())
    }

    async fn batch_get_chunk(&self, keys: &[Key]) -> Result<Vec<Item>, Error> {
        let mut missing: Vec<Item> = keys.iter().map(key_attributes).collect();
        let mut found = Vec::with_capacity(keys.len());
        let mut attempts = Attempts::default();
        loop {
            let began = Instant::now();
            let request = KeysAndAttributes::builder().set_keys(Some(missing)).consistent_read(true).build();
            let output = self
                .client
                .batch_get_item()
                .request_items(&*self.table, request.map_err(|error| unavailable(&error))?)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| unavailable(&error))?;
            meter::count(began, Operation::BatchGetItem, output.consumed_capacity());
            found.extend(output.responses.into_iter().flatten().flat_map(|(_, items)| items));
            missing = output.unprocessed_keys.into_iter().flatten().flat_map(|(_, rest)| rest.keys).collect();
            if missing.is_empty() {
                return Ok(found);
            }
            attempts.pause().await?;
        }
    }

    /// The items of a range, in its order.
    pub async fn query(&self, range: &Range) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let began = Instant::now();
            let remaining = range.limit.map(|limit| limit.saturating_sub(items.len()));
            if remaining == Some(0) {
                return Ok(items);
            }
            let mut request = self
                .client
                .query()
                .table_name(&*self.table)
                .consistent_read(true)
                .scan_index_forward(!range.descending)
                .set_limit(remaining.and_then(|limit| i32::try_from(limit).ok()))
                .set_exclusive_start_key(start.take())
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .expression_attribute_names("#pk", keys::PK)
                .expression_attribute_values(":pk", s(&range.pk));
            request = match &range.between {
                None => request.key_condition_expression("#pk = :pk"),
                Some((first, last)) => request
                    .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
                    .expression_attribute_names("#sk", keys::SK)
                    .expression_attribute_values(":first", s(first))
                    .expression_attribute_values(":last", s(last)),
            };
            let output = request.send().await.map_err(|error| unavailable(&error))?;
            meter::count(began, Operation::Query, output.consumed_capacity.as_slice());
            items.extend(output.items.into_iter().flatten());
            start = output.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// The entities of a range, in its order.
    pub async fn query_as<T: DeserializeOwned>(&self, range: &Range) -> Result<Vec<T>, Error> {
        self.query(range).await?.into_iter().map(entity).collect()
    }

    /// Adds to a counter and answers its new value. A lost answer is counted all the same.
    pub async fn add(&self, key: &Key, attribute: &str, by: u64) -> Result<u64, Error> {
        let began = Instant::now();
        let output = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key_attributes(key)))
            .update_expression("ADD #counter :by SET #type = :type")
            .expression_attribute_names("#counter", attribute)
            .expression_attribute_names("#type", keys::TYPE)
            .expression_attribute_values(":by", n(by))
            .expression_attribute_values(":type", s("sequence"))
            .return_values(ReturnValue::UpdatedNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        meter::count(began, Operation::UpdateItem, output.consumed_capacity.as_slice());
        let value = output.attributes.as_ref().and_then(|attributes| attributes.get(attribute));
        match value {
            Some(AttributeValue::N(digits)) => {
                digits.parse().map_err(|_| Error::Internal(format!("a counter of {digits}")))
            }
            _ => Err(Error::Internal("a counter without a number".to_owned())),
        }
    }

    /// Writes items without conditions, in no order; for bulk loads and parts that nothing refers to yet.
    pub async fn batch_put(&self, items: Vec<Item>) -> Result<(), Error> {
        let mut items = items.into_iter();
        loop {
            let chunks: Vec<Vec<Item>> = std::iter::from_fn(|| {
                let chunk: Vec<_> = items.by_ref().take(BATCH_WRITE).collect();
                (!chunk.is_empty()).then_some(chunk)
            })
            .take(BATCHES_AT_ONCE)
            .collect();
            if chunks.is_empty() {
                return Ok(());
            }
            try_join_all(chunks.into_iter().map(|chunk| self.batch_put_chunk(chunk))).await?;
        }
    }

    async fn batch_put_chunk(&self, items: Vec<Item>) -> Result<(), Error> {
        let put = |item| PutRequest::builder().set_item(Some(item)).build();
        let puts = items.into_iter().map(put).collect::<Result<Vec<_>, _>>().map_err(|error| unavailable(&error))?;
        let writes = puts.into_iter().map(|put| WriteRequest::builder().put_request(put).build()).collect();
        let mut missing = HashMap::from([(self.table.to_string(), writes)]);
        let mut attempts = Attempts::default();
        loop {
            let began = Instant::now();
            let output = self
                .client
                .batch_write_item()
                .set_request_items(Some(missing))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| unavailable(&error))?;
            meter::count(began, Operation::BatchWriteItem, output.consumed_capacity());
            missing = output.unprocessed_items.unwrap_or_default();
            if missing.values().all(Vec::is_empty) {
                return Ok(());
            }
            attempts.pause().await?;
        }
    }

    /// Plans a change and commits it; where a condition does not hold, what was read has changed, and it is planned
    /// anew. So a plan reads, refuses in the words of what it read, and puts a condition on all that it relied on.
    pub async fn carry_out<T, F>(&self, mut plan: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<(Transaction, T), Error>>,
    {
        let mut attempts = Attempts::default();
        loop {
            let (transaction, outcome) = plan().await?;
            match self.commit(&transaction).await {
                Ok(()) => return Ok(outcome),
                Err(CommitError::Refused(labels)) => {
                    tracing::debug!(?labels, "planned on what has changed");
                    attempts.pause().await?;
                }
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
    }

    /// Carries out a transaction: all of it, once, or nothing.
    ///
    /// Contention (the transaction was cancelled for nothing but conflicts and throttling, so it is known not to have
    /// happened) is tried again with a new request token and on another shard of the tallies. An unknown outcome (a
    /// time-out, a 5xx) is asked again with the same token, which DynamoDB carries out at most once in ten minutes.
    pub async fn commit(&self, transaction: &Transaction) -> Result<(), CommitError> {
        let mut attempts = Attempts::default();
        loop {
            let items = transaction.render(&self.table, attempts.shard()).map_err(CommitError::Failed)?;
            let token = format!("{:032x}", rand::rng().random::<u128>());
            match self.send(transaction, items, &token, &mut attempts).await? {
                Sent::Done => return Ok(()),
                Sent::Contended => attempts.pause().await.map_err(CommitError::Failed)?,
            }
        }
    }

    async fn send(
        &self,
        transaction: &Transaction,
        items: Vec<aws_sdk_dynamodb::types::TransactWriteItem>,
        token: &str,
        attempts: &mut Attempts,
    ) -> Result<Sent, CommitError> {
        loop {
            let began = Instant::now();
            let result = self
                .client
                .transact_write_items()
                .set_transact_items(Some(items.clone()))
                .client_request_token(token)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await;
            match result {
                Ok(output) => {
                    meter::count(began, Operation::TransactWriteItems, output.consumed_capacity());
                    return Ok(Sent::Done);
                }
                Err(error) => {
                    meter::count(began, Operation::TransactWriteItems, &[]);
                    match classify(transaction, &error) {
                        Fault::Refused(labels) => return Err(CommitError::Refused(labels)),
                        Fault::Contended => return Ok(Sent::Contended),
                        Fault::Unknown => {
                            if attempts.pause().await.is_err() {
                                return Err(CommitError::Failed(unavailable(&error)));
                            }
                        }
                        Fault::Ours => {
                            let text = DisplayErrorContext(&error).to_string();
                            return Err(CommitError::Failed(Error::Internal(text)));
                        }
                    }
                }
            }
        }
    }
}

enum Sent {
    Done,
    Contended,
}

enum Fault {
    /// Conditions did not hold.
    Refused(Vec<Label>),
    /// Known not to have happened, for want of a quiet moment.
    Contended,
    /// Nobody knows whether it happened.
    Unknown,
    /// The request is wrong.
    Ours,
}

fn classify(transaction: &Transaction, error: &SdkError<TransactWriteItemsError>) -> Fault {
    let Some(service) = error.as_service_error() else { return Fault::Unknown };
    match service {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            let reasons = cancelled.cancellation_reasons();
            let coded = |code: &'static str| {
                move |(_, reason): &(usize, &aws_sdk_dynamodb::types::CancellationReason)| reason.code() == Some(code)
            };
            let refused: Vec<_> = reasons
                .iter()
                .enumerate()
                .filter(coded("ConditionalCheckFailed"))
                .filter_map(|(index, _)| transaction.label(index))
                .collect();
            if !refused.is_empty() {
                return Fault::Refused(refused);
            }
            let contention = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
            let fine = |code: &str| code == "None" || contention.contains(&code);
            let all_contention = reasons.iter().all(|reason| reason.code().is_none_or(fine));
            if all_contention { Fault::Contended } else { Fault::Ours }
        }
        TransactWriteItemsError::ProvisionedThroughputExceededException(_)
        | TransactWriteItemsError::RequestLimitExceeded(_) => Fault::Contended,
        TransactWriteItemsError::TransactionInProgressException(_)
        | TransactWriteItemsError::InternalServerError(_) => Fault::Unknown,
        other => match other.meta().code() {
            Some("ThrottlingException" | "ThrottlingError") => Fault::Contended,
            Some("ValidationException" | "ResourceNotFoundException" | "IdempotentParameterMismatchException") => {
                Fault::Ours
            }
            _ => Fault::Unknown,
        },
    }
}

/// Bounded attempts at contended work: full jitter under a growing ceiling, for [`PATIENCE`] in all.
#[derive(Debug)]
pub struct Attempts {
    began: Instant,
    made: u32,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { began: Instant::now(), made: 0 }
    }
}

impl Attempts {
    /// Waits before the next attempt, or says that there is none.
    pub async fn pause(&mut self) -> Result<(), Error> {
        if self.began.elapsed() > PATIENCE {
            return Err(Error::Unavailable(format!("contended after {} attempts", self.made + 1)));
        }
        let ceiling = (5u64 << self.made.min(6)).min(300);
        self.made += 1;
        let pause = Duration::from_millis(rand::rng().random_range(1..=ceiling));
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// The shard for the tallies of this attempt: the first stays on one, so that few shards exist where there is no
    /// contention; each further attempt spreads over twice as many, up to 16.
    fn shard(&self) -> u8 {
        let shards = 1u8 << self.made.min(4);
        rand::rng().random_range(0..shards)
    }
}
