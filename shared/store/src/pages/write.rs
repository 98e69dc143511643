//! Writing rows. Each change of a row adds the changes of its tallies to the same transaction.

use serde::Serialize;

use crate::{
    Item,
    entity::{self, VERSION},
    item::{key_attributes, n},
    keys::{self, Key},
    pages::{CLASS, Class, List},
    transaction::{ABSENT, Label, PRESENT, Transaction},
};
use domain::{error::Error, shop::ShopId};

impl List {
    /// Returns the key of the row at `position`.
    pub fn key(&self, shop: &ShopId, position: u64) -> Key {
        keys::row(shop, self.key_name(), position >> self.row_shift, position)
    }

    /// Returns the partition of the row at `position`.
    pub fn partition(&self, shop: &ShopId, position: u64) -> String {
        keys::row_partition(shop, self.key_name(), position >> self.row_shift)
    }

    /// Returns the row as an item, with version 1.
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

    /// Returns the copy of a row for the partition of its class; `None` if the list has no such copies.
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

    /// Adds a row. The transaction is refused under `label` if there is a row at `position` already.
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
        self.tally(&mut transaction.additions, shop, (position, class), 1);
        Ok(())
    }

    /// Writes a copy of a row of another list. The row itself carries the condition for both. `from` is the class of
    /// the previous copy in this list; `None` if there is none.
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
            self.tally(&mut transaction.additions, shop, (position, from), -1);
        }
        self.tally(&mut transaction.additions, shop, (position, to), 1);
        Ok(())
    }

    /// Removes a copy of a row of another list. The row itself carries the condition for both.
    pub fn remove_copy(&self, transaction: &mut Transaction, shop: &ShopId, (position, class): (u64, Class)) {
        transaction.delete("copy", self.key(shop, position), None, Vec::new());
        self.tally(&mut transaction.additions, shop, (position, class), -1);
    }

    /// Replaces a row, also in another class. The transaction is refused under `label` if the stored row has not
    /// `version`.
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
        self.tally_reclassed(&mut transaction.additions, shop, position, (from, to));
        Ok(())
    }

    /// Replaces a row in the same class. The transaction is refused under `label` if the stored row has not `version`.
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

    /// Replaces a row but not its copies, which the caller updates later. The transaction is refused under `label` if
    /// the stored row has not `version`.
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

    /// Returns the row as an item of the version after `version`.
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

    /// Moves a row to another class. The transaction is refused under `label` if the row is not in class `from`. Not
    /// for lists with copies by class, because a copy has to be written as a whole.
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
        self.tally_reclassed(&mut transaction.additions, shop, position, (from, to));
    }

    /// Removes a row. The transaction is refused under `label` if there is no row of that class.
    pub fn remove(&self, transaction: &mut Transaction, label: Label, shop: &ShopId, (position, class): (u64, Class)) {
        let (condition, values) =
            if self.classes > 1 { ("#class = :class", vec![(":class", n(class))]) } else { (PRESENT, Vec::new()) };
        transaction.delete(label, self.key(shop, position), Some(condition), values);
        self.remove_class_copy(transaction, shop, (position, class));
        self.tally(&mut transaction.additions, shop, (position, class), -1);
    }

    /// Removes a row that has not changed since it was read. The transaction is refused under `label` if the stored row
    /// has not `version`.
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
        self.tally(&mut transaction.additions, shop, (position, class), -1);
    }
}

/// Replaces a row of this version.
fn put_over(transaction: &mut Transaction, label: Label, item: Item, version: u64) {
    transaction.put(label, item, Some("#version = :version"), vec![(":version", n(version))]);
}
