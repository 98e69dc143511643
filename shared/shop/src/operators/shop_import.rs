//! The import of a shop that was exported: its data first, its doors last.
//!
//! A marker beside the shop says which file is imported and how far it has come, so that an import whose process died goes
//! on. Until the last step the shop is not in the registry: no token opens it, and what was put twice was seen by nobody.
//! Doors are put in the transaction that moves the marker on, so that none comes back which a job has closed.

use serde::{Deserialize, Serialize};

use futures_util::TryStreamExt;

use super::{
    Item, entity, keys,
    shop_items::{self, Fingerprint},
    store::Store,
    transaction::{ABSENT, CommitError, MAX_ITEMS, Transaction, n, s},
};
use crate::{domain::shop::ShopId, error::Error};

/// The label of the marker in each step.
const MARKER: &str = "import";
/// The label of the shop in the registry.
const SHOP: &str = "shop";
/// The most doors of one step: beside them stands the marker.
pub const MAX_DOORS: usize = MAX_ITEMS - 1;

/// An import under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The shop.
    pub shop: ShopId,
    /// The checksum of the file.
    pub file: String,
    /// How many of the file's items are there.
    pub done: u64,
    /// The process that works on it.
    owner: String,
}

fn taken_over() -> Error {
    Error::conflict("Another process has taken this import over.")
}

/// Begins to import a shop from the file of a checksum, or goes on with it.
///
/// # Errors
/// [`Error::Conflict`] where the shop or something of it is there already, or another file's import is under way.
pub async fn begin(store: &Store, shop: &ShopId, file: &str) -> Result<Import, Error> {
    let owner = format!("{:016x}", rand::random::<u64>());
    let key = keys::import(shop);
    let mut transaction = Transaction::default();
    let import = match store.read::<Import>(&key).await? {
        Some(before) if before.file == file => {
            let values = vec![(":owner", s(&owner)), (":before", s(&before.owner))];
            transaction.update(MARKER, key, "SET #owner = :owner", Some("#owner = :before"), values);
            Import { owner, ..before }
        }
        Some(_) => return Err(Error::conflict(format!("The import of {shop} from another file is under way."))),
        None => {
            if shop_items::any(store, shop).await? {
                return Err(Error::conflict(format!(
                    "The shop {shop} is there already. If this file brought it, all of it is there."
                )));
            }
            let import = Import { shop: shop.clone(), file: file.to_owned(), done: 0, owner };
            transaction.put(MARKER, entity::item(&key, "import", &import)?, Some(ABSENT), Vec::new());
            transaction.check(SHOP, keys::shop(shop), ABSENT, Vec::new());
            import
        }
    };
    match store.commit(&transaction).await {
        Ok(()) => Ok(import),
        Err(CommitError::Refused(_)) => Err(taken_over()),
        Err(CommitError::Failed(error)) => Err(error),
    }
}

impl Import {
    /// Puts data: `lines` further items of the file, of which these are to be stored. What is put again after a process died
    /// is what was there.
    ///
    /// # Errors
    /// [`Error::Conflict`] where another process has taken over.
    pub async fn put(&mut self, store: &Store, items: Vec<Item>, lines: u64) -> Result<(), Error> {
        store.batch_put(items).await?;
        self.commit(store, Transaction::default(), lines).await
    }

    /// Compares what is stored of the shop's data with what the file says of it.
    ///
    /// # Errors
    /// [`Error::Conflict`] where it is not the same: somebody else writes there.
    pub async fn verify(&self, store: &Store, expected: Fingerprint) -> Result<(), Error> {
        let mut stored = Fingerprint::default();
        let mut pages = std::pin::pin!(shop_items::read(store, &self.shop));
        while let Some(items) = pages.try_next().await? {
            items.iter().for_each(|item| stored.add(item));
        }
        if stored == expected {
            Ok(())
        } else {
            Err(Error::conflict(format!("What is stored of {} is not what the file says.", self.shop)))
        }
    }

    /// Puts doors, at most [`MAX_DOORS`] of them, each once: `lines` further items of the file.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub async fn open(&mut self, store: &Store, doors: Vec<Item>, lines: u64) -> Result<(), Error> {
        let mut transaction = Transaction::default();
        for door in doors {
            transaction.put("door", door, None, Vec::new());
        }
        self.commit(store, transaction, lines).await
    }

    /// Puts the shop into the registry and removes the marker: the shop is there, and nothing of the import is left.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub async fn finish(self, store: &Store, registry: Item) -> Result<(), Error> {
        let mut transaction = Transaction::default();
        transaction.put(SHOP, registry, Some(ABSENT), Vec::new());
        let ours = vec![(":owner", s(&self.owner))];
        transaction.delete(MARKER, keys::import(&self.shop), Some("#owner = :owner"), ours);
        Self::answer(store.commit(&transaction).await)
    }

    /// Moves the marker on in the transaction of the step.
    async fn commit(&mut self, store: &Store, mut transaction: Transaction, lines: u64) -> Result<(), Error> {
        let after = self.done + lines;
        let values = vec![(":after", n(after)), (":done", n(self.done)), (":owner", s(&self.owner))];
        let key = keys::import(&self.shop);
        transaction.update(MARKER, key, "SET #done = :after", Some("#done = :done AND #owner = :owner"), values);
        Self::answer(store.commit(&transaction).await)?;
        self.done = after;
        Ok(())
    }

    fn answer(committed: Result<(), CommitError>) -> Result<(), Error> {
        match committed {
            Ok(()) => Ok(()),
            Err(CommitError::Refused(_)) => Err(taken_over()),
            Err(CommitError::Failed(error)) => Err(error),
        }
    }
}
