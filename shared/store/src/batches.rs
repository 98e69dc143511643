//! Batches: all-or-nothing work that does not fit into one transaction.
//!
//! Everything that can be refused is refused before a batch begins. A batch begins with one transaction, which writes
//! the record of the batch, its entry in the index of due work, and the idempotency record of the request. From then on
//! the work is certain to be done: by the process that began it or, if that process dies, by the next one that takes
//! over after the lease has ended. That is either the same request sent again, or the job `finish_batches`. Each step
//! advances the record in the same transaction as its effect, so no step happens twice.
//!
//! Batches of some kinds are undone by the job instead of finished ([`Batch::turn_back`]): their steps are taken back
//! one by one.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Duration, Utc};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    client::{Range, Store},
    entity,
    idempotency::{self, Guard, Reply},
    item::{n, s},
    keys,
    transaction::{ABSENT, CommitError, Transaction},
};
use domain::{error::Error, shop::ShopId};

/// Duration of a lease: a batch belongs to a silent process for so long. It is longer than a request may take.
const LEASE: Duration = Duration::seconds(30);
/// Retention of a finished batch's record, and longest retention of its parts. A batch that waits longer than this
/// means that the job is broken.
const KEPT: Duration = Duration::days(30);
/// Largest part in bytes, below the 400 KB that DynamoDB allows for an item.
const PART: usize = 350_000;
/// Label of the batch record in the transaction of each step.
const LABEL: &str = "batch";

/// A batch as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Id of the batch, as it stands in keys.
    pub id: String,
    /// The shop that owns the batch.
    pub shop: ShopId,
    /// Kind of work: a name that the crate above chooses.
    pub kind: String,
    /// Number of stored parts that hold the items to write.
    parts: usize,
    /// Number of items that are done.
    pub done: usize,
    /// Value of `done` when the batch turned back; set once its steps are being undone. From then on `done` falls.
    #[serde(default)]
    pub undo_from: Option<usize>,
    /// Random id of the process that holds the lease.
    owner: String,
    /// End of the lease, in epoch milliseconds.
    lease: i64,
    /// Time of the request.
    pub began_at: DateTime<Utc>,
    /// Hash of the `Idempotency-Key` and fingerprint of the request; `None` without a key.
    key: Option<(String, String)>,
    /// Time until which the idempotency record is kept.
    #[serde(default)]
    key_until: Option<DateTime<Utc>>,
    /// True once all work is done.
    finished: bool,
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("batch: {error}"))
}

/// Returns the key of the batch in the index of due work. The first character of its id chooses the shard.
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

    /// Reads the items that the batch is to write: one query.
    pub async fn items<T: DeserializeOwned>(&self, store: &Store) -> Result<Vec<T>, Error> {
        let part = |part| keys::batch_part(&self.shop, &self.id, part);
        let (first, last) = (part(0), part(self.parts));
        let range = Range { pk: first.pk, between: Some((first.sk, last.sk)), ..Range::default() };
        let parts = store.query(&range).await?;
        let bytes: Vec<u8> = parts.iter().flat_map(|part| entity::blob(part).to_vec()).collect();
        serde_json::from_reader(DeflateDecoder::new(bytes.as_slice())).map_err(broken)
    }

    /// Advances the batch by `items` in the transaction of their effect, and renews the lease. Returns false if another
    /// condition of the transaction failed.
    ///
    /// # Errors
    /// [`Error::AtWork`] if another process has taken over.
    pub async fn step(&mut self, store: &Store, transaction: Transaction, items: usize) -> Result<bool, Error> {
        self.move_to(store, transaction, self.done + items).await
    }

    /// Moves the batch back by `items` in the transaction that undoes them.
    ///
    /// # Errors
    /// The errors of [`Self::step`].
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

    /// Decides that the finished steps are to be undone. Does nothing if that was decided before.
    ///
    /// # Errors
    /// [`Error::AtWork`] if another process has taken over.
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

    /// Ends a batch whose steps have all been undone, and frees its `Idempotency-Key`.
    ///
    /// # Errors
    /// [`Error::AtWork`] if another process has taken over.
    pub async fn abandon(&self, store: &Store) -> Result<(), Error> {
        let mut transaction = self.end();
        if let Some(guard) = self.guard() {
            guard.free(&self.shop, &mut transaction, &self.id);
        }
        match store.commit(&transaction).await {
            Err(refused) if refused.refused(LABEL) => Err(Error::AtWork { retry_after: 1 }),
            // By now the key belongs to another request.
            Err(refused) if refused.refused(idempotency::LABEL) => Ok(store.commit(&self.end()).await?),
            result => Ok(result?),
        }
    }

    /// Ends the batch and stores its reply. If the idempotency record is gone (after 24 hours), the batch ends without
    /// a stored reply.
    ///
    /// # Errors
    /// [`Error::AtWork`] if another process has taken over.
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

    /// Returns the transaction that ends the batch, without its reply.
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

/// Begins a batch that writes `items`. Returns `None` if another request with the same idempotency key was faster.
/// Costs two round trips: one writes the parts, one is the transaction.
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
    transaction.put(
        "due",
        entity::item(&due_key(&batch), "due_batch", &DueBatch::of(&batch))?,
        Some(ABSENT),
        Vec::new(),
    );
    if let Some(guard) = guard {
        guard.reserve(shop, &mut transaction, &batch.id)?;
    }
    match store.commit(&transaction).await {
        Ok(()) => Ok(Some(batch)),
        Err(CommitError::Refused(_)) => Ok(None),
        Err(CommitError::Failed(error)) => Err(error),
    }
}

/// Takes over a batch whose lease has ended. Costs two round trips.
///
/// # Errors
/// [`Error::AtWork`] if its owner still works on it or the batch is finished; [`Error::NotFound`] if there is no such
/// batch.
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

/// Entry of a batch in the index of due work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueBatch {
    /// The shop that owns the batch.
    pub shop: ShopId,
    /// Id of the batch.
    pub batch: String,
}

impl DueBatch {
    fn of(batch: &Batch) -> Self {
        Self { shop: batch.shop.clone(), batch: batch.id.clone() }
    }
}

/// Reads the unfinished batches of all shops: one query for each shard of the index.
pub async fn due(store: &Store) -> Result<Vec<DueBatch>, Error> {
    let mut due = Vec::new();
    for shard in 0..keys::DUE_SHARDS {
        due.extend(store.query_as(&Range { pk: keys::due_batches(shard), ..Range::default() }).await?);
    }
    Ok(due)
}

/// Ends the lease of a batch at once, as if its process had died. For tests and operators.
pub async fn expire_lease(store: &Store, batch: &Batch) -> Result<(), Error> {
    let mut transaction = Transaction::default();
    transaction.update(LABEL, batch.key(), "SET #lease = :ended", None, vec![(":ended", n(0))]);
    Ok(store.commit(&transaction).await?)
}
