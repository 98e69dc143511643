//! Writing rows: each change of a row brings its tallies into the same transaction.

use serde::Serialize;

use super::{CLASS, Class, List};
use crate::{
    domain::shop::ShopId,
    error::Error,
    table::{
        Item,
        entity::{self, VERSION},
        keys::{self, Key},
        transaction::{ABSENT, Label, PRESENT, Transaction, key_attributes, n},
    },
};

impl List {
    /// The key of the row at `position`.
    pub fn key(&self, shop: &ShopId, position: u64) -> Key {
        keys::row(shop, self.key_name(), position >> self.row_shift, position)
    }

    /// The partition of the row at `position`.
    pub fn partition(&self, shop: &ShopId, position: u64) -> String {
        keys::row_partition(shop, self.key_name(), position >> self.row_shift)
    }

    /// The row as it is stored.
    pub(super) fn item<T: Serialize>(
        &self,
        shop: &ShopId,
        position: u64,
        class: Class,
        entity: &T,
    ) -> Result<Item, Error> {
        let mut item = entity::item(&self.key(shop, position), self.name, entity)?;
        item.insert(VERSION.to_owned(), n(1));
        if self.classes > 1 {
            item.insert(CLASS.to_owned(), n(class));
        }
        Ok(item)
    }

    /// The copy of a row among those of its class.
    pub(super) fn class_copy(&self, shop: &ShopId, position: u64, class: Class, row: &Item) -> Option<Item> {
        self.by_class.then(|| {
            let mut item = row.clone();
            item.extend(key_attributes(&self.class_key(shop, position, class)));
            item
        })
    }

    fn class_key(&self, shop: &ShopId, position: u64, class: Class) -> Key {
        keys::row(shop, self.class_name(class), 0, position)
    }

    fn remove_class_copy(&self, transaction: &mut Transaction, shop: &ShopId, (position, class): (u64, Class)) {
        if self.by_class {
            transaction.delete("copy", self.class_key(shop, position, class), None, Vec::new());
        }
    }

    /// Adds a row; refused under `label` where there is one at `position` already.
    pub fn insert<T: Serialize>(
        &self,
        transaction: &mut Transaction,
        label: Label,
        shop: &ShopId,
        (position, class): (u64, Class),
        entity: &T,
    ) -> Result<(), Error> {
        let item = self.item(shop, position, class, entity)?;
        if let Some(copy) = self.class_copy(shop, position, class, &item) {
            transaction.put("copy", copy, None, Vec::new());
        }
        transaction.put(label, item, Some(ABSENT), Vec::new());
        transaction.tallies.count(shop, self, position, class, 1);
        Ok(())
    }

    /// Writes a copy of a row of another list, which holds the condition for both: `from` is the class in which it stood
    /// here, `None` where it did not.
    pub fn copy<T: Serialize>(
        &self,
        transaction: &mut Transaction,
        shop: &ShopId,
        (position, (from, to)): (u64, (Option<Class>, Class)),
        version: u64,
        entity: &T,
    ) -> Result<(), Error> {
        let mut item = self.item(shop, position, to, entity)?;
        item.insert(VERSION.to_owned(), n(version));
        transaction.put("copy", item, None, Vec::new());
        if let Some(from) = from {
            transaction.tallies.count(shop, self, position, from, -1);
        }
        transaction.tallies.count(shop, self, position, to, 1);
        Ok(())
    }

    /// Removes a copy of a row of another list, which holds the condition for both.
    pub fn remove_copy(&self, transaction: &mut Transaction, shop: &ShopId, (position, class): (u64, Class)) {
        transaction.delete("copy", self.key(shop, position), None, Vec::new());
        transaction.tallies.count(shop, self, position, class, -1);
    }

    /// Writes a row anew, in another class too; refused under `label` where the row is not of `version` any more.
    pub fn replace_reclassed<T: Serialize>(
        &self,
        transaction: &mut Transaction,
        label: Label,
        shop: &ShopId,
        (position, (from, to)): (u64, (Class, Class)),
        version: u64,
        entity: &T,
    ) -> Result<(), Error> {
        self.replace(transaction, label, shop, (position, to), version, entity)?;
        if from != to {
            self.remove_class_copy(transaction, shop, (position, from));
        }
        transaction.tallies.reclass(shop, self, position, (from, to));
        Ok(())
    }

    /// Writes a row anew without a change of class; refused under `label` where the row is not of `version` any more.
    pub fn replace<T: Serialize>(
        &self,
        transaction: &mut Transaction,
        label: Label,
        shop: &ShopId,
        (position, class): (u64, Class),
        version: u64,
        entity: &T,
    ) -> Result<(), Error> {
        let item = self.next_item(shop, (position, class), version, entity)?;
        if let Some(copy) = self.class_copy(shop, position, class, &item) {
            transaction.put("copy", copy, None, Vec::new());
        }
        put_over(transaction, label, item, version);
        Ok(())
    }

    /// Writes a row anew and leaves its copies as they are, for a caller who sees to them later; refused under `label` where
    /// the row is not of `version` any more.
    pub fn replace_row<T: Serialize>(
        &self,
        transaction: &mut Transaction,
        label: Label,
        shop: &ShopId,
        (position, class): (u64, Class),
        version: u64,
        entity: &T,
    ) -> Result<(), Error> {
        put_over(transaction, label, self.next_item(shop, (position, class), version, entity)?, version);
        Ok(())
    }

    /// A row as the version after this one.
    fn next_item<T: Serialize>(
        &self,
        shop: &ShopId,
        (position, class): (u64, Class),
        version: u64,
        entity: &T,
    ) -> Result<Item, Error> {
        let mut item = self.item(shop, position, class, entity)?;
        item.insert(VERSION.to_owned(), n(version + 1));
        Ok(item)
    }

    /// Moves a row to another class; refused under `label` where it is not in class `from`. Not for lists whose rows stand
    /// by class: a copy has to be written whole.
    pub fn reclass(
        &self,
        transaction: &mut Transaction,
        label: Label,
        shop: &ShopId,
        position: u64,
        (from, to): (Class, Class),
    ) {
        debug_assert!(!self.by_class, "the copies by class would be lost");
        let values = vec![(":from", n(from)), (":to", n(to)), (":one", n(1))];
        transaction.update(
            label,
            self.key(shop, position),
            "SET #class = :to ADD #version :one",
            Some("#class = :from"),
            values,
        );
        transaction.tallies.reclass(shop, self, position, (from, to));
    }

    /// Removes a row; refused under `label` where there is none of that class.
    pub fn remove(&self, transaction: &mut Transaction, label: Label, shop: &ShopId, (position, class): (u64, Class)) {
        let (condition, values) =
            if self.classes > 1 { ("#class = :class", vec![(":class", n(class))]) } else { (PRESENT, Vec::new()) };
        transaction.delete(label, self.key(shop, position), Some(condition), values);
        self.remove_class_copy(transaction, shop, (position, class));
        transaction.tallies.count(shop, self, position, class, -1);
    }

    /// Removes a row on what was read of it; refused under `label` where the row is not of `version` any more.
    pub fn remove_unchanged(
        &self,
        transaction: &mut Transaction,
        label: Label,
        shop: &ShopId,
        (position, class): (u64, Class),
        version: u64,
    ) {
        let values = vec![(":version", n(version))];
        transaction.delete(label, self.key(shop, position), Some("#version = :version"), values);
        self.remove_class_copy(transaction, shop, (position, class));
        transaction.tallies.count(shop, self, position, class, -1);
    }
}

/// Puts a row over its version.
fn put_over(transaction: &mut Transaction, label: Label, item: Item, version: u64) {
    transaction.put(label, item, Some("#version = :version"), vec![(":version", n(version))]);
}
