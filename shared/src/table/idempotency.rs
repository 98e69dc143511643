//! `Idempotency-Key`: the first reply is kept for 24 hours, in the transaction of its effect.
//!
//! The record is the guard: the effect commits only where there is no live record under the key. A reply that is
//! larger than what a record can hold at the price of one write stands apart, written before the effect.

use std::io::{Read, Write};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use chrono::{DateTime, Duration, Utc};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use serde::{Deserialize, Serialize};

use super::{
    Item, keys,
    store::{self, Attempts, Range, Store},
    transaction::{CommitError, Label, Transaction, n},
};
use crate::{domain::shop::ShopId, error::Error};

/// The label of the guard in a transaction.
const LABEL: Label = "idempotency";
/// How long a reply is kept.
const KEPT: Duration = Duration::hours(24);
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
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    fingerprint: String,
    /// Epoch seconds; compared here, since DynamoDB removes late.
    ttl: i64,
    status: u16,
    /// Where the reply stands, if it stands apart, and in how many parts.
    apart: Option<(String, usize)>,
}

/// The attribute of a compressed reply, or of a part of it.
const REPLY: &str = "reply";

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

fn blob(item: &Item) -> &[u8] {
    item.get(REPLY).and_then(|value| value.as_b().ok()).map_or(&[], AsRef::as_ref)
}

impl Guard {
    /// The reply that was given under this key, if one was.
    ///
    /// # Errors
    /// [`Error::KeyReused`] where the key stands for another request.
    pub async fn replay(&self, store: &Store, shop: &ShopId) -> Result<Option<Reply>, Error> {
        let Some(item) = store.get(&keys::idempotency(shop, &self.key)).await? else { return Ok(None) };
        let inline = blob(&item).to_vec();
        let record: Record = store::entity(item)?;
        if record.ttl <= self.now.timestamp() {
            return Ok(None);
        }
        if record.fingerprint != self.fingerprint {
            return Err(Error::KeyReused);
        }
        let body = match record.apart {
            None => inline,
            Some((attempt, parts)) => {
                let key = |part| keys::idempotency_reply(shop, &self.key, &attempt, part);
                let (first, last) = (key(0), key(parts));
                let range = Range { pk: first.pk, between: Some((first.sk, last.sk)), ..Range::default() };
                store.query(&range).await?.iter().flat_map(|item| blob(item).to_vec()).collect()
            }
        };
        Ok(Some(Reply { status: record.status, body: expand(&body)? }))
    }

    /// Puts the guard with its reply into the transaction of the effect.
    pub async fn seal(
        &self,
        store: &Store,
        shop: &ShopId,
        transaction: &mut Transaction,
        reply: &Reply,
    ) -> Result<(), Error> {
        let ttl = (self.now + KEPT).timestamp();
        let body = compress(&reply.body)?;
        let apart = if body.len() > INLINE {
            let attempt = format!("{:016x}", rand::random::<u64>());
            let parts: Vec<_> = body.chunks(PART).enumerate().collect();
            let count = parts.len();
            let part_item = |(part, bytes): (usize, &[u8])| {
                let key = keys::idempotency_reply(shop, &self.key, &attempt, part);
                let mut item = super::transaction::key_attributes(&key);
                item.insert(keys::TTL.to_owned(), n(ttl));
                item.insert(REPLY.to_owned(), AttributeValue::B(Blob::new(bytes)));
                item
            };
            store.batch_put(parts.into_iter().map(part_item).collect()).await?;
            Some((attempt, count))
        } else {
            None
        };
        let inline = apart.is_none();
        let record = Record { fingerprint: self.fingerprint.clone(), ttl, status: reply.status, apart };
        let mut item = store::item(&keys::idempotency(shop, &self.key), "idempotency", &record)?;
        if inline {
            item.insert(REPLY.to_owned(), AttributeValue::B(Blob::new(body)));
        }
        let free = "attribute_not_exists(#PK) OR #ttl <= :now";
        transaction.put(LABEL, item, Some(free), vec![(":now", n(self.now.timestamp()))]);
        Ok(())
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
        if let Some(guard) = guard
            && let Some(reply) = guard.replay(store, shop).await?
        {
            return Ok(Outcome { reply, replayed: true });
        }
        let (mut transaction, reply) = plan().await?;
        if let Some(guard) = guard {
            guard.seal(store, shop, &mut transaction, &reply).await?;
        }
        match store.commit(&transaction).await {
            Ok(()) => return Ok(Outcome { reply, replayed: false }),
            Err(CommitError::Failed(error)) => return Err(error),
            Err(CommitError::Refused(labels)) => {
                tracing::debug!(?labels, "planned on what has changed");
                attempts.pause().await?;
            }
        }
    }
}
