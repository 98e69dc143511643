//! `Idempotency-Key`: the first reply is kept for 24 hours ([`KEPT`]), in the transaction of its effect.
//!
//! The record is the guard: the effect commits only where there is no live record under the key. A reply that is
//! larger than what a record can hold at the price of one write stands apart, written before the effect.

use std::io::{Read, Write};

use chrono::{DateTime, Duration, Utc};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use serde::{Deserialize, Serialize};

use super::{
    Item,
    attempts::Attempts,
    entity, keys,
    store::{Range, Store},
    transaction::{CommitError, Label, Transaction, n, s},
};
use crate::{domain::shop::ShopId, error::Error};

/// The label of the guard in a transaction.
pub(super) const LABEL: Label = "idempotency";
/// How long a reply is kept.
pub const KEPT: Duration = Duration::hours(24);
/// How long a reply is kept to a request of an operator who moves a file in: whoever runs the file again, also years later,
/// adds nothing to it.
pub const KEPT_FOR_OPERATORS: Duration = Duration::days(3650);
/// There is no live record under the key.
const FREE: &str = "attribute_not_exists(#PK) OR #ttl <= :now";
/// The largest compressed reply that stands in the record, so that the record is one write unit.
const INLINE: usize = 700;
/// The largest part of a reply that stands apart, under the 400 KB of an item.
const PART: usize = 350_000;

/// A reply as it is kept and given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The JSON text.
    pub body: String,
}

/// The key of a request, and what it stands for.
#[derive(Debug, Clone)]
pub struct Guard {
    /// The hash of the key.
    pub key: String,
    /// The hash of method, path and body.
    pub fingerprint: String,
    /// When the request came.
    pub now: DateTime<Utc>,
    /// Until when its reply is kept.
    pub until: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    fingerprint: String,
    /// Epoch seconds; compared here, since DynamoDB removes late.
    ttl: i64,
    status: u16,
    /// Where the reply stands, if it stands apart, and in how many parts.
    apart: Option<(String, usize)>,
    /// The batch that works on the reply; the status is 0 until it is done.
    batch: Option<String>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Nothing.
    Nothing,
    /// The first reply.
    Reply(Reply),
    /// The first request is a batch, and it is not finished.
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
    /// What is known of this key.
    ///
    /// # Errors
    /// [`Error::KeyReused`] where the key stands for another request.
    pub async fn look(&self, store: &Store, shop: &ShopId) -> Result<Seen, Error> {
        let Some(item) = store.get(&keys::idempotency(shop, &self.key)).await? else { return Ok(Seen::Nothing) };
        let inline = entity::blob(&item).to_vec();
        let record: Record = entity::entity(item)?;
        if record.ttl <= self.now.timestamp() {
            return Ok(Seen::Nothing);
        }
        if record.fingerprint != self.fingerprint {
            return Err(Error::KeyReused);
        }
        if let (Some(batch), 0) = (record.batch, record.status) {
            return Ok(Seen::Batch(batch));
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
        Ok(Seen::Reply(Reply { status: record.status, body: expand(&body)? }))
    }

    /// Puts the guard with its reply into the transaction of the effect.
    pub async fn seal(
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

    /// Puts the guard into the transaction in which a batch begins.
    pub(super) fn reserve(&self, shop: &ShopId, transaction: &mut Transaction, batch: &str) -> Result<(), Error> {
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

    /// Puts the reply of a batch in the place of what [`Self::reserve`] put there.
    pub(super) async fn seal_batch(
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

    /// Removes what [`Self::reserve`] put there; refused under [`LABEL`] where it is another's by now.
    pub(super) fn free(&self, shop: &ShopId, transaction: &mut Transaction, batch: &str) {
        let ours = "attribute_not_exists(#PK) OR #batch = :batch";
        transaction.delete(LABEL, keys::idempotency(shop, &self.key), Some(ours), vec![(":batch", s(batch))]);
    }

    /// The record with this reply; what does not fit into it is written here.
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

/// A reply, and whether it was given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The reply.
    pub reply: Reply,
    /// Whether this is the first reply, given again.
    pub replayed: bool,
}

/// Plans a change and commits it once under the guard, if there is one; see [`Store::carry_out`]. Of several requests
/// under one key that run at once, one commits and the others answer its reply.
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
            // What refuses this request may be the effect of its own twin, which was first.
            Err(refusal) => return seen(store, shop, guard).await?.ok_or(refusal),
        };
        if let Some(guard) = guard {
            guard.seal(store, shop, &mut transaction, &reply).await?;
        }
        match store.commit_planned(&transaction).await {
            Ok(()) => return Ok(Outcome { reply, replayed: false }),
            Err(CommitError::Failed(error)) => return Err(error),
            Err(CommitError::Refused(labels)) => {
                tracing::debug!(?labels, "planned on what has changed");
                attempts.pause().await?;
            }
        }
    }
}

/// The first reply under the guard's key, if there is one.
async fn seen(store: &Store, shop: &ShopId, guard: Option<&Guard>) -> Result<Option<Outcome>, Error> {
    let Some(guard) = guard else { return Ok(None) };
    match guard.look(store, shop).await? {
        Seen::Nothing => Ok(None),
        Seen::Reply(reply) => Ok(Some(Outcome { reply, replayed: true })),
        Seen::Batch(_) => Err(Error::AtWork { retry_after: 1 }),
    }
}
