//! Batches: work that is all or nothing and does not fit into one transaction.
//!
//! All that can be refused is refused before a batch begins. Beginning is one transaction: the record of the batch, its
//! place in the index of what is due, and the guard of the request. From then on the work will be done: by the process
//! that began it, and if that dies, by whoever takes over when its lease has ended, be it the same request sent again or
//! the job `finish_batches`. Each step moves the record on in the transaction of its effect, so none happens twice.
//!
//! Some kinds are undone by the job rather than finished ([`Batch::turn_back`]): their steps are taken back one by one.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Duration, Utc};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    entity,
    idempotency::{self, Guard, Reply},
    keys,
    store::{Range, Store},
    transaction::{ABSENT, CommitError, Transaction, n, s},
};
use crate::{domain::shop::ShopId, error::Error};

/// How long a batch belongs to a process that says nothing: longer than a request may take.
const LEASE: Duration = Duration::seconds(30);
/// How long the record of a batch is kept once it is finished, and its parts at the most: a job that finds no batch for so
/// long is out of order.
const KEPT: Duration = Duration::days(30);
/// The largest part, under the 400 KB of an item.
const PART: usize = 350_000;
/// The label of the record in each step.
const LABEL: &str = "batch";

/// A batch as it stands in the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Names it in keys.
    pub id: String,
    /// Whose.
    pub shop: ShopId,
    /// What is done, such as `customer_import`.
    pub kind: String,
    /// How many parts what it is to write stands in.
    parts: usize,
    /// How many of the items are done.
    pub done: usize,
    /// How many were done when it was decided to undo them; since then `done` falls.
    #[serde(default)]
    pub undo_from: Option<usize>,
    /// The process that works on it.
    owner: String,
    /// Until when it is the owner's, in epoch milliseconds.
    lease: i64,
    /// When the request came.
    pub began_at: DateTime<Utc>,
    /// The hashes of the request's `Idempotency-Key` and of the request, if it had one.
    key: Option<(String, String)>,
    /// Until when that key is kept.
    #[serde(default)]
    key_until: Option<DateTime<Utc>>,
    /// Whether all is done.
    finished: bool,
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("batch: {error}"))
}

/// The shard of the index of due work that a batch stands in.
fn due_key(batch: &Batch) -> keys::Key {
    let shard = batch.id.bytes().next().unwrap_or_default();
    keys::due_batch(shard, &batch.shop, &batch.id)
}

impl Batch {
    fn key(&self) -> keys::Key {
        keys::batch(&self.shop, &self.id)
    }

    fn guard(&self) -> Option<Guard> {
        let (key, fingerprint) = self.key.clone()?;
        let until = self.key_until.unwrap_or(self.began_at + idempotency::KEPT);
        Some(Guard { key, fingerprint, now: self.began_at, until })
    }

    /// What the batch is to write.
    pub async fn items<T: DeserializeOwned>(&self, store: &Store) -> Result<Vec<T>, Error> {
        let part = |part| keys::batch_part(&self.shop, &self.id, part);
        let (first, last) = (part(0), part(self.parts));
        let range = Range { pk: first.pk, between: Some((first.sk, last.sk)), ..Range::default() };
        let parts = store.query(&range).await?;
        let bytes: Vec<u8> = parts.iter().flat_map(|part| entity::blob(part).to_vec()).collect();
        serde_json::from_reader(DeflateDecoder::new(bytes.as_slice())).map_err(broken)
    }

    /// Moves the batch on by `items` in the transaction of their effect, and renews the lease. False where another
    /// condition of the transaction did not hold.
    ///
    /// # Errors
    /// [`Error::AtWork`] where another process has taken over.
    pub async fn step(&mut self, store: &Store, transaction: Transaction, items: usize) -> Result<bool, Error> {
        self.move_to(store, transaction, self.done + items).await
    }

    /// Moves the batch back by `items` in the transaction that undoes them.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub async fn step_back(&mut self, store: &Store, transaction: Transaction, items: usize) -> Result<bool, Error> {
        self.move_to(store, transaction, self.done.saturating_sub(items)).await
    }

    async fn move_to(&mut self, store: &Store, mut transaction: Transaction, to: usize) -> Result<bool, Error> {
        let lease = (Utc::now() + LEASE).timestamp_millis();
        transaction.update(
            LABEL,
            self.key(),
            "SET #done = :after, #lease = :lease",
            Some("#done = :done AND #owner = :owner"),
            vec![(":done", n(self.done)), (":after", n(to)), (":owner", s(&self.owner)), (":lease", n(lease))],
        );
        match store.commit(&transaction).await {
            Ok(()) => {
                self.done = to;
                Ok(true)
            }
            Err(refused) if refused.refused(LABEL) => Err(Error::AtWork { retry_after: 1 }),
            Err(CommitError::Refused(_)) => Ok(false),
            Err(CommitError::Failed(error)) => Err(error),
        }
    }

    /// Decides that what is done is to be undone, unless that was decided before.
    ///
    /// # Errors
    /// [`Error::AtWork`] where another process has taken over.
    pub async fn turn_back(&mut self, store: &Store) -> Result<(), Error> {
        if self.undo_from.is_some() {
            return Ok(());
        }
        let mut transaction = Transaction::default();
        transaction.update(
            LABEL,
            self.key(),
            "SET #undo_from = :done",
            Some("#done = :done AND #owner = :owner"),
            vec![(":done", n(self.done)), (":owner", s(&self.owner))],
        );
        match store.commit(&transaction).await {
            Ok(()) => {
                self.undo_from = Some(self.done);
                Ok(())
            }
            Err(CommitError::Refused(_)) => Err(Error::AtWork { retry_after: 1 }),
            Err(CommitError::Failed(error)) => Err(error),
        }
    }

    /// Ends a batch of which nothing is left, and frees its `Idempotency-Key`.
    ///
    /// # Errors
    /// [`Error::AtWork`] where another process has taken over.
    pub async fn abandon(&self, store: &Store) -> Result<(), Error> {
        let mut transaction = self.end();
        if let Some(guard) = self.guard() {
            guard.free(&self.shop, &mut transaction, &self.id);
        }
        match store.commit(&transaction).await {
            Err(refused) if refused.refused(LABEL) => Err(Error::AtWork { retry_after: 1 }),
            // The key stands for another request by now.
            Err(refused) if refused.refused(idempotency::LABEL) => Ok(store.commit(&self.end()).await?),
            result => Ok(result?),
        }
    }

    /// Ends the batch with its reply. Where the guard is gone (a day has passed) it ends without keeping the reply.
    ///
    /// # Errors
    /// [`Error::AtWork`] where another process has taken over.
    pub async fn finish(&self, store: &Store, reply: &Reply) -> Result<(), Error> {
        let mut transaction = self.end();
        if let Some(guard) = self.guard() {
            guard.seal_batch(store, &self.shop, &mut transaction, reply, &self.id).await?;
        }
        match store.commit(&transaction).await {
            Err(refused) if refused.refused(LABEL) => Err(Error::AtWork { retry_after: 1 }),
            Err(refused) if refused.refused(idempotency::LABEL) => Ok(store.commit(&self.end()).await?),
            result => Ok(result?),
        }
    }

    /// The end of the batch, but for its reply.
    fn end(&self) -> Transaction {
        let mut transaction = Transaction::default();
        transaction.delete("due", due_key(self), None, Vec::new());
        transaction.update(
            LABEL,
            self.key(),
            "SET #finished = :true, #ttl = :ttl",
            Some("#owner = :owner AND #finished = :false"),
            vec![
                (":owner", s(&self.owner)),
                (":ttl", n((Utc::now() + KEPT).timestamp())),
                (":true", AttributeValue::Bool(true)),
                (":false", AttributeValue::Bool(false)),
            ],
        );
        transaction
    }
}

/// Begins a batch that writes `items`. `None` where another request under the same key was first.
pub async fn begin<T: Serialize>(
    store: &Store,
    shop: &ShopId,
    kind: &str,
    guard: Option<&Guard>,
    items: &[T],
    now: DateTime<Utc>,
) -> Result<Option<Batch>, Error> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    serde_json::to_writer(&mut encoder, items).map_err(broken)?;
    let bytes = encoder.finish().map_err(broken)?;
    let parts: Vec<_> = bytes.chunks(PART).collect();
    let random = || format!("{:016x}", rand::random::<u64>());
    let batch = Batch {
        id: random(),
        shop: shop.clone(),
        kind: kind.to_owned(),
        parts: parts.len(),
        done: 0,
        undo_from: None,
        owner: random(),
        lease: (Utc::now() + LEASE).timestamp_millis(),
        began_at: now,
        key: guard.map(|guard| (guard.key.clone(), guard.fingerprint.clone())),
        key_until: guard.map(|guard| guard.until),
        finished: false,
    };
    let ttl = (now + KEPT).timestamp();
    let part_item =
        |(part, bytes): (usize, &&[u8])| entity::blob_item(&keys::batch_part(shop, &batch.id, part), ttl, bytes);
    store.batch_put(parts.iter().enumerate().map(part_item).collect()).await?;
    let mut transaction = Transaction::default();
    transaction.put(LABEL, entity::item(&batch.key(), "batch", &batch)?, Some(ABSENT), Vec::new());
    transaction.put("due", entity::item(&due_key(&batch), "due_batch", &Due::of(&batch))?, Some(ABSENT), Vec::new());
    if let Some(guard) = guard {
        guard.reserve(shop, &mut transaction, &batch.id)?;
    }
    match store.commit(&transaction).await {
        Ok(()) => Ok(Some(batch)),
        Err(CommitError::Refused(_)) => Ok(None),
        Err(CommitError::Failed(error)) => Err(error),
    }
}

/// Takes over a batch whose lease has ended.
///
/// # Errors
/// [`Error::AtWork`] where its owner still works, or it is finished.
pub async fn adopt(store: &Store, shop: &ShopId, id: &str) -> Result<Batch, Error> {
    let mut batch: Batch = store.read(&keys::batch(shop, id)).await?.ok_or(Error::NotFound)?;
    let now = Utc::now();
    let left = batch.lease - now.timestamp_millis();
    if batch.finished || left > 0 {
        let retry_after = u32::try_from(left.max(1).div_euclid(1000)).unwrap_or(1).max(1);
        return Err(Error::AtWork { retry_after });
    }
    let (owner, lease) = (format!("{:016x}", rand::random::<u64>()), (now + LEASE).timestamp_millis());
    let mut transaction = Transaction::default();
    transaction.update(
        LABEL,
        batch.key(),
        "SET #owner = :owner, #lease = :lease",
        Some("#owner = :before AND #lease = :ended"),
        vec![(":owner", s(&owner)), (":lease", n(lease)), (":before", s(&batch.owner)), (":ended", n(batch.lease))],
    );
    match store.commit(&transaction).await {
        Ok(()) => {
            (batch.owner, batch.lease) = (owner, lease);
            Ok(batch)
        }
        Err(CommitError::Refused(_)) => Err(Error::AtWork { retry_after: 1 }),
        Err(CommitError::Failed(error)) => Err(error),
    }
}

/// A batch in the index of what is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Whose.
    pub shop: ShopId,
    /// Its id.
    pub batch: String,
}

impl Due {
    fn of(batch: &Batch) -> Self {
        Self { shop: batch.shop.clone(), batch: batch.id.clone() }
    }
}

/// The batches of all shops that are not finished.
pub async fn due(store: &Store) -> Result<Vec<Due>, Error> {
    let mut due = Vec::new();
    for shard in 0..keys::DUE_SHARDS {
        due.extend(store.query_as(&Range { pk: keys::due_batches(shard), ..Range::default() }).await?);
    }
    Ok(due)
}

/// Ends the lease of a batch at once, as when its process had died long ago. For tests and operators.
pub async fn expire_lease(store: &Store, batch: &Batch) -> Result<(), Error> {
    let mut transaction = Transaction::default();
    transaction.update(LABEL, batch.key(), "SET #lease = :ended", None, vec![(":ended", n(0))]);
    Ok(store.commit(&transaction).await?)
}
