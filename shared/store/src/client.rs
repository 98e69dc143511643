//! Calls of DynamoDB. Each is counted by the [`meter`](super::meter) and bounded in retries and time.
//!
//! All reads are strongly consistent. The SDK itself retries throttling, 5xx and time-outs. Single writes here also
//! retry conflicts with transactions. `commit` adds conflicts between transactions, and writes whose outcome is
//! unknown.

use std::{collections::HashMap, sync::Arc, time::Instant};

use aws_sdk_dynamodb::{
    Client, Config,
    config::retry::RetryConfig,
    types::{AttributeValue, KeysAndAttributes, PutRequest, ReturnConsumedCapacity, ReturnValue, WriteRequest},
};
use futures_util::{
    future::try_join_all,
    stream::{self, StreamExt, TryStreamExt},
};
use serde::de::DeserializeOwned;

use crate::{
    Item,
    attempts::Attempts,
    contention::Contention,
    entity::entity,
    faults::{fault, incomplete, is_conflict},
    item::{key_attributes, n, s},
    keys::{self, Key},
    meter::{self, Operation},
};
use domain::error::Error;

/// Largest number of keys in one `BatchGetItem` (an AWS limit).
const BATCH_GET: usize = 100;
/// Largest number of items in one `BatchWriteItem` (an AWS limit).
const BATCH_WRITE: usize = 25;
/// Number of batch calls that one caller runs at the same time.
const BATCHES_AT_ONCE: usize = 8;
/// Number of reads that one caller runs at the same time.
const READS_AT_ONCE: usize = 32;

/// Runs the reads, up to 32 at the same time. Returns their results in no order.
pub async fn read_all<T>(reads: Vec<impl Future<Output = Result<T, Error>>>) -> Result<Vec<T>, Error> {
    stream::iter(reads).buffer_unordered(READS_AT_ONCE).try_collect().await
}

/// One table, reached through the SDK. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: Arc<str>,
    /// Recent conflicts of this store's transactions.
    pub(crate) contention: Arc<Contention>,
}

/// A range of sort keys in one partition, both ends inclusive.
#[derive(Debug, Clone, Default)]
pub struct Range {
    /// Key of the partition.
    pub pk: String,
    /// First and last sort key; `None` means the whole partition.
    pub between: Option<(String, String)>,
    /// True to read from the end of the range.
    pub descending: bool,
    /// Largest number of items to read; `None` means all.
    pub limit: Option<usize>,
}

impl Store {
    /// Returns a store over the table named `table`.
    pub fn new(client: Client, table: &str) -> Self {
        Self { client, table: table.into(), contention: Arc::default() }
    }

    /// Returns the SDK's client, for calls about the table itself.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the name of the table.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Reads one item: one round trip.
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
            .map_err(|error| fault(&error))?;
        meter::count(began, Operation::GetItem, output.consumed_capacity.as_slice());
        Ok(output.item)
    }

    /// Opens the connection and signs one request. Makes a single attempt; nobody needs its answer.
    pub async fn warm_up(&self) -> Result<(), Error> {
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let request = self.client.get_item().table_name(&*self.table).set_key(Some(key_attributes(&keys::warm_up())));
        request.customize().config_override(once).send().await.map_err(|error| fault(&error))?;
        Ok(())
    }

    /// Reads one item as an entity: one round trip.
    pub async fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, Error> {
        self.get(key).await?.map(entity).transpose()
    }

    /// Reads the items of these keys, which must be distinct. Missing items are left out; the order is arbitrary. Costs
    /// one round trip for each 800 keys (8 calls of 100 keys at the same time).
    pub async fn batch_get(&self, keys: Vec<Key>) -> Result<Vec<Item>, Error> {
        let mut found = Vec::with_capacity(keys.len());
        for group in keys.chunks(BATCH_GET * BATCHES_AT_ONCE) {
            let chunks = group.chunks(BATCH_GET).map(|chunk| self.batch_get_chunk(chunk));
            found.extend(try_join_all(chunks).await?.into_iter().flatten());
        }
        Ok(found)
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
                .request_items(&*self.table, request.map_err(incomplete)?)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| fault(&error))?;
            meter::count(began, Operation::BatchGetItem, output.consumed_capacity());
            found.extend(output.responses.into_iter().flatten().flat_map(|(_, items)| items));
            missing = output.unprocessed_keys.into_iter().flatten().flat_map(|(_, rest)| rest.keys).collect();
            if missing.is_empty() {
                return Ok(found);
            }
            attempts.pause().await?;
        }
    }

    /// Reads the items of a range, in the order of the range. Costs one round trip for each MB.
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
            let output = request.send().await.map_err(|error| fault(&error))?;
            meter::count(began, Operation::Query, output.consumed_capacity.as_slice());
            items.extend(output.items.into_iter().flatten());
            start = output.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// Reads the items of a range as entities, in the order of the range.
    pub async fn query_as<T: DeserializeOwned>(&self, range: &Range) -> Result<Vec<T>, Error> {
        self.query(range).await?.into_iter().map(entity).collect()
    }

    /// Adds to a counter and returns its new value: one round trip, unless a transaction is writing the counter. If the
    /// reply is lost, the addition still counts.
    pub async fn add(&self, key: &Key, attribute: &str, by: u64) -> Result<u64, Error> {
        self.count(key, attribute, by, ("sequence", None)).await
    }

    /// Adds to a counter like [`Self::add`]. The item is of `kind` and may be removed after `ttl`, in epoch seconds.
    pub async fn count(
        &self,
        key: &Key,
        attribute: &str,
        by: u64,
        (kind, ttl): (&str, Option<i64>),
    ) -> Result<u64, Error> {
        let mut request = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key_attributes(key)))
            .expression_attribute_names("#counter", attribute)
            .expression_attribute_names("#type", keys::TYPE)
            .expression_attribute_values(":by", n(by))
            .expression_attribute_values(":type", s(kind))
            .return_values(ReturnValue::UpdatedNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        request = match ttl {
            None => request.update_expression("ADD #counter :by SET #type = :type"),
            Some(ttl) => request
                .update_expression("ADD #counter :by SET #type = :type, #ttl = :ttl")
                .expression_attribute_names("#ttl", keys::TTL)
                .expression_attribute_values(":ttl", n(ttl)),
        };
        let mut attempts = Attempts::default();
        let output = loop {
            let began = Instant::now();
            match request.clone().send().await {
                Ok(output) => {
                    meter::count(began, Operation::UpdateItem, output.consumed_capacity.as_slice());
                    break output;
                }
                Err(error) if is_conflict(&error) => {
                    meter::count(began, Operation::UpdateItem, &[]);
                    meter::count_conflict();
                    attempts.pause().await?;
                }
                Err(error) => return Err(fault(&error)),
            }
        };
        let value = output.attributes.as_ref().and_then(|attributes| attributes.get(attribute));
        match value {
            Some(AttributeValue::N(digits)) => {
                digits.parse().map_err(|_| Error::Internal(format!("counter value {digits} is not a valid number")))
            }
            _ => Err(Error::Internal("counter without a value".to_owned())),
        }
    }

    /// Writes items without conditions, in no order. For bulk loads, and for parts that nothing refers to yet. Costs
    /// one round trip for each 200 items (8 calls of 25 items at the same time).
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
        let puts = items.into_iter().map(put).collect::<Result<Vec<_>, _>>().map_err(incomplete)?;
        let writes = puts.into_iter().map(|put| WriteRequest::builder().put_request(put).build()).collect();
        let mut missing = HashMap::from([(self.table.to_string(), writes)]);
        let mut attempts = Attempts::default();
        loop {
            let began = Instant::now();
            let result = self
                .client
                .batch_write_item()
                .set_request_items(Some(missing.clone()))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await;
            match result {
                Ok(output) => {
                    meter::count(began, Operation::BatchWriteItem, output.consumed_capacity());
                    missing = output.unprocessed_items.unwrap_or_default();
                    if missing.values().all(Vec::is_empty) {
                        return Ok(());
                    }
                }
                // Some of the items may be written by now. Writing them again changes nothing.
                Err(error) if is_conflict(&error) => {
                    meter::count(began, Operation::BatchWriteItem, &[]);
                    meter::count_conflict();
                }
                Err(error) => return Err(fault(&error)),
            }
            attempts.pause().await?;
        }
    }
}
