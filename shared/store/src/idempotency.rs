//! Idempotency records: the first reply to a request with an `Idempotency-Key` is kept for 24 hours ([`KEPT`]). It is
//! written in the transaction of its effect.
//!
//! The record also guards the effect, which commits only if there is no live record for the key. A reply too large for
//! a record of one write unit is stored in parts, which are written before the effect.

use std::io::{Read, Write};

use chrono::{DateTime, Duration, Utc};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use serde::{Deserialize, Serialize};

use crate::{
    Item,
    attempts::Attempts,
    client::{Range, Store},
    entity,
    item::{n, s},
    keys,
    transaction::{CommitError, Label, Transaction},
};
use domain::{error::Error, shop::ShopId};

/// Label of the idempotency record in a transaction.
pub const LABEL: Label = "idempotency";
/// Retention of a reply.
pub const KEPT: Duration = Duration::hours(24);
/// Retention of the reply to an operator who imports a file. Running the file again adds nothing, even years later.
pub const KEPT_FOR_OPERATORS: Duration = Duration::days(3650);
/// Condition: there is no live record for the key.
const FREE: &str = "attribute_not_exists(#PK) OR #ttl <= :now";
/// Largest compressed reply, in bytes, that is stored in the record itself. With it the record costs one write unit.
const INLINE: usize = 700;
/// Largest part of a reply stored in parts, in bytes; below the 400 KB that DynamoDB allows for an item.
const PART: usize = 350_000;

/// A reply, as it is stored and sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status of the reply.
    pub status: u16,
    /// JSON text of the body.
    pub body: String,
}

/// The idempotency key of a request, with the request that it stands for.
#[derive(Debug, Clone)]
pub struct Guard {
    /// Hash of the idempotency key.
    pub key: String,
    /// Hash of method, path and body.
    pub fingerprint: String,
    /// Time of the request.
    pub now: DateTime<Utc>,
    /// Time until which its reply is kept.
    pub until: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    fingerprint: String,
    /// End of retention, in epoch seconds. It is compared in code, because DynamoDB removes items late.
    ttl: i64,
    status: u16,
    /// Place of a reply stored in parts: the attempt that wrote them, and their number.
    apart: Option<(String, usize)>,
    /// The batch that produces the reply. The status is 0 until it is done.
    batch: Option<String>,
}

/// State of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// No live record.
    Nothing,
    /// The first reply.
    Reply(Reply),
    /// The first request is an unfinished batch with this id.
    Batch(String),
}

fn compress(text: &str) -> Result<Vec<u8>, Error> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    written.map_err(|error| Error::Internal(format!("compressing a reply: {error}")))
}

fn expand(bytes: &[u8]) -> Result<String, Error> {
    let mut text = String::new();
    let read = DeflateDecoder::new(bytes).read_to_string(&mut text);
    read.map(|_| text).map_err(|error| Error::Internal(format!("expanding a reply: {error}")))
}

impl Guard {
    /// Reads the state of this key: one round trip, or two if the reply is stored in parts.
    ///
    /// # Errors
    /// [`Error::KeyReused`] if the key stands for another request.
    pub async fn look(&self, store: &Store, shop: &ShopId) -> Result<KeyState, Error> {
        let Some(item) = store.get(&keys::idempotency(shop, &self.key)).await? else { return Ok(KeyState::Nothing) };
        let inline = entity::blob(&item).to_vec();
        let record: Record = entity::entity(item)?;
        if record.ttl <= self.now.timestamp() {
            return Ok(KeyState::Nothing);
        }
        if record.fingerprint != self.fingerprint {
            return Err(Error::KeyReused);
        }
        if let (Some(batch), 0) = (record.batch, record.status) {
            return Ok(KeyState::Batch(batch));
        }
        let body = match record.apart {
            None => inline,
            Some((attempt, parts)) => {
                let key = |part| keys::idempotency_reply(shop, &self.key, &attempt, part);
                let (first, last) = (key(0), key(parts));
                let range = Range { pk: first.pk, between: Some((first.sk, last.sk)), ..Range::default() };
                store.query(&range).await?.iter().flat_map(|item| entity::blob(item).to_vec()).collect()
            }
        };
        Ok(KeyState::Reply(Reply { status: record.status, body: expand(&body)? }))
    }

    /// Adds the idempotency record, with the reply, to the transaction of the effect. Writes the parts of a large reply
    /// first, which costs one more round trip.
    pub(crate) async fn seal(
        &self,
        store: &Store,
        shop: &ShopId,
        transaction: &mut Transaction,
        reply: &Reply,
    ) -> Result<(), Error> {
        let item = self.answered(store, shop, reply).await?;
        transaction.put(LABEL, item, Some(FREE), vec![(":now", n(self.now.timestamp()))]);
        Ok(())
    }

    /// Adds the idempotency record to the transaction that begins a batch.
    pub fn reserve(&self, shop: &ShopId, transaction: &mut Transaction, batch: &str) -> Result<(), Error> {
        let record = Record {
            fingerprint: self.fingerprint.clone(),
            ttl: self.until.timestamp(),
            status: 0,
            apart: None,
            batch: Some(batch.to_owned()),
        };
        let item = entity::item(&keys::idempotency(shop, &self.key), "idempotency", &record)?;
        transaction.put(LABEL, item, Some(FREE), vec![(":now", n(self.now.timestamp()))]);
        Ok(())
    }

    /// Adds the reply of a batch to a transaction, in place of the record that [`Self::reserve`] wrote.
    pub(crate) async fn seal_batch(
        &self,
        store: &Store,
        shop: &ShopId,
        transaction: &mut Transaction,
        reply: &Reply,
        batch: &str,
    ) -> Result<(), Error> {
        let item = self.answered(store, shop, reply).await?;
        transaction.put(LABEL, item, Some("#batch = :batch"), vec![(":batch", s(batch))]);
        Ok(())
    }

    /// Removes the record that [`Self::reserve`] wrote. The transaction is refused under [`LABEL`] if the record
    /// belongs to another request by now.
    pub fn free(&self, shop: &ShopId, transaction: &mut Transaction, batch: &str) {
        let ours = "attribute_not_exists(#PK) OR #batch = :batch";
        transaction.delete(LABEL, keys::idempotency(shop, &self.key), Some(ours), vec![(":batch", s(batch))]);
    }

    /// Returns the record with this reply. Writes the reply to the table if it does not fit into the record.
    async fn answered(&self, store: &Store, shop: &ShopId, reply: &Reply) -> Result<Item, Error> {
        let ttl = self.until.timestamp();
        let body = compress(&reply.body)?;
        let mut record =
            Record { fingerprint: self.fingerprint.clone(), ttl, status: reply.status, apart: None, batch: None };
        let key = keys::idempotency(shop, &self.key);
        if body.len() <= INLINE {
            let mut item = entity::blob_item(&key, ttl, &body);
            item.extend(entity::item(&key, "idempotency", &record)?);
            return Ok(item);
        }
        let attempt = format!("{:016x}", rand::random::<u64>());
        let parts = body.chunks(PART).enumerate();
        let part =
            |(part, bytes)| entity::blob_item(&keys::idempotency_reply(shop, &self.key, &attempt, part), ttl, bytes);
        let parts: Vec<_> = parts.map(part).collect();
        record.apart = Some((attempt, parts.len()));
        store.batch_put(parts).await?;
        entity::item(&key, "idempotency", &record)
    }
}

/// A reply, and a flag for a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The reply to send.
    pub reply: Reply,
    /// True if this is the first reply, sent again.
    pub replayed: bool,
}

/// Plans a change and commits it once under the guard, if there is one; see [`Store::carry_out`]. Of concurrent
/// requests with the same key one commits, and the others return its reply.
///
/// # Errors
/// [`Error::KeyReused`] if the key stands for another request; [`Error::AtWork`] if the first request is an unfinished
/// batch; otherwise the errors of [`Store::carry_out`].
pub async fn carry_out_once<F>(
    store: &Store,
    shop: &ShopId,
    guard: Option<&Guard>,
    mut plan: impl FnMut() -> F,
) -> Result<Outcome, Error>
where
    F: Future<Output = Result<(Transaction, Reply), Error>>,
{
    let mut attempts = Attempts::default();
    loop {
        if let Some(outcome) = seen(store, shop, guard).await? {
            return Ok(outcome);
        }
        let (mut transaction, reply) = match plan().await {
            Ok(planned) => planned,
            // The refusal may be the effect of the same request, sent twice, whose other copy was first.
            Err(refusal) => return seen(store, shop, guard).await?.ok_or(refusal),
        };
        if let Some(guard) = guard {
            guard.seal(store, shop, &mut transaction, &reply).await?;
        }
        match store.commit_planned(&transaction).await {
            Ok(()) => return Ok(Outcome { reply, replayed: false }),
            Err(CommitError::Failed(error)) => return Err(error),
            Err(CommitError::Refused(labels)) => {
                tracing::debug!(?labels, "condition failed or conflicted; planning again");
                attempts.pause().await?;
            }
        }
    }
}

/// Returns the first reply for the guard's key, if there is one.
async fn seen(store: &Store, shop: &ShopId, guard: Option<&Guard>) -> Result<Option<Outcome>, Error> {
    let Some(guard) = guard else { return Ok(None) };
    match guard.look(store, shop).await? {
        KeyState::Nothing => Ok(None),
        KeyState::Reply(reply) => Ok(Some(Outcome { reply, replayed: true })),
        KeyState::Batch(_) => Err(Error::AtWork { retry_after: 1 }),
    }
}
