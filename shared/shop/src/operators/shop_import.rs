//! Import of a shop that was exported: its data first, its entry points last.
//!
//! A marker outside of the shop names the file and the progress, so that an import can resume after its process died.
//! The shop is not in the registry before the last step. So no token opens the shop, and nobody sees items that are put
//! twice. Entry points are put in the transaction that moves the marker on. So none that a job has removed comes back.

use serde::{Deserialize, Serialize};

use futures_util::TryStreamExt;

use crate::{
    keys,
    operators::shop_items::{self, Fingerprint},
};
use domain::{error::Error, shop::ShopId};
use store::{
    Item,
    client::Store,
    entity,
    item::{n, s},
    transaction::{ABSENT, CommitError, MAX_ITEMS, Transaction},
};

/// Label of the marker in each step.
const MARKER: &str = "import";
/// Label of the shop in the registry.
const SHOP: &str = "shop";
/// Largest number of entry points in one step. The transaction also has the marker.
pub const MAX_ENTRY_POINTS: usize = MAX_ITEMS - 1;

/// A running import of a shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The shop that is imported.
    pub shop: ShopId,
    /// Checksum of the file.
    pub file: String,
    /// Number of the file's items that are stored.
    pub done: u64,
    /// Random id of the process that works on the import.
    owner: String,
}

fn taken_over() -> Error {
    Error::conflict("Another process has taken this import over.")
}

/// Starts the import of a shop from the file with this checksum, or resumes it.
///
/// # Errors
/// [`Error::Conflict`] if the shop or an item of it is stored already, if the import of another file is running, or if
/// another process has taken the import over.
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
        Some(_) => return Err(Error::conflict(format!("An import of {shop} from another file is running."))),
        None => {
            if shop_items::any(store, shop).await? {
                return Err(Error::conflict(format!(
                    "The shop {shop} exists already. If it came from this file, its import is complete."
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
    /// Puts data: `items` are stored for the next `lines` items of the file. After a crash the same items may be put
    /// again, which changes nothing.
    ///
    /// # Errors
    /// [`Error::Conflict`] if another process has taken the import over.
    pub async fn put(&mut self, store: &Store, items: Vec<Item>, lines: u64) -> Result<(), Error> {
        store.batch_put(items).await?;
        self.commit(store, Transaction::default(), lines).await
    }

    /// Compares the stored data of the shop with the fingerprint of the file. Reads the whole table.
    ///
    /// # Errors
    /// [`Error::Conflict`] if they differ, which means that another process writes to the shop.
    pub async fn verify(&self, store: &Store, expected: Fingerprint) -> Result<(), Error> {
        let mut stored = Fingerprint::default();
        let mut pages = std::pin::pin!(shop_items::read(store, &self.shop));
        while let Some(items) = pages.try_next().await? {
            items.iter().for_each(|item| stored.add(item));
        }
        if stored == expected {
            Ok(())
        } else {
            Err(Error::conflict(format!("The stored data of {} differs from the file.", self.shop)))
        }
    }

    /// Puts entry points for the next `lines` items of the file: at most [`MAX_ENTRY_POINTS`], each exactly once.
    ///
    /// # Errors
    /// The same as [`Self::put`].
    pub async fn put_entry_points(&mut self, store: &Store, entry_points: Vec<Item>, lines: u64) -> Result<(), Error> {
        let mut transaction = Transaction::default();
        for entry_point in entry_points {
            transaction.put("entry_point", entry_point, None, Vec::new());
        }
        self.commit(store, transaction, lines).await
    }

    /// Puts the shop into the registry and removes the marker. The shop exists from then on, and nothing of the import
    /// is left.
    ///
    /// # Errors
    /// The same as [`Self::put`].
    pub async fn finish(self, store: &Store, registry: Item) -> Result<(), Error> {
        let mut transaction = Transaction::default();
        transaction.put(SHOP, registry, Some(ABSENT), Vec::new());
        let ours = vec![(":owner", s(&self.owner))];
        transaction.delete(MARKER, keys::import(&self.shop), Some("#owner = :owner"), ours);
        Self::answer(store.commit(&transaction).await)
    }

    /// Commits a step together with the move of the marker.
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
