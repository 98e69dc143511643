//! Transactions: up to 100 writes that happen together or not at all. Each write has a label, which tells which
//! condition refused the transaction.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update, builders::UpdateBuilder,
};

use serde::Serialize;

use crate::{
    Item,
    additions::Additions,
    entity,
    faults::incomplete,
    item::{Values, key_attributes},
    keys::Key,
};
use domain::error::Error;

/// Largest number of items in one transaction (an AWS limit).
pub const MAX_ITEMS: usize = 100;

/// Name of a write. A caller that gets the label of a failed condition chooses the matching error.
pub type Label = &'static str;

/// Condition: the item does not exist yet.
pub const ABSENT: &str = "attribute_not_exists(#PK)";
/// Condition: the item exists.
pub const PRESENT: &str = "attribute_exists(#PK)";

#[derive(Debug, Clone)]
enum Action {
    Put(Item),
    Update { key: Key, update: String },
    Delete(Key),
    Check(Key),
}

#[derive(Debug, Clone)]
struct Operation {
    label: Label,
    action: Action,
    condition: Option<Cow<'static, str>>,
    values: Values,
    /// Other items on which the operation may be done instead, such as other shards.
    elsewhere: Vec<Key>,
}

/// Reasons why a transaction was not committed.
#[derive(Debug)]
pub enum CommitError {
    /// The conditions of the writes with these labels failed, or met a conflict; nothing was written.
    Refused(Vec<Label>),
    /// The store failed. The transaction may have been written or not.
    Failed(Error),
}

impl CommitError {
    /// Returns true if the condition of a write with this label failed.
    pub fn refused(&self, label: Label) -> bool {
        matches!(self, Self::Refused(labels) if labels.contains(&label))
    }
}

impl From<CommitError> for Error {
    /// Converts the error of a transaction without conditions. A refusal is then a defect: [`Error::Internal`].
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(labels) => Self::Internal(format!("unexpected failure of the conditions {labels:?}")),
            CommitError::Failed(error) => error,
        }
    }
}

/// Writes that happen together or not at all.
///
/// In expressions an attribute is written as `#name`. Each name is bound to itself, so that reserved words need no
/// special care.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    operations: Vec<Operation>,
    /// The sums that the transaction adds to, such as tallies.
    pub additions: Additions,
}

impl Transaction {
    /// Writes an item. The condition is checked on the item that it replaces.
    pub fn put(&mut self, label: Label, item: Item, condition: Option<&'static str>, values: Values) {
        self.push(label, Action::Put(item), condition.map(Cow::Borrowed), values);
    }

    /// Changes an item by an update expression.
    pub fn update(
        &mut self,
        label: Label,
        key: Key,
        update: impl Into<String>,
        condition: Option<&'static str>,
        values: Values,
    ) {
        self.push(label, Action::Update { key, update: update.into() }, condition.map(Cow::Borrowed), values);
    }

    /// Changes an item by an update expression, under a condition that is built at run time.
    pub fn update_where(
        &mut self,
        label: Label,
        key: Key,
        update: impl Into<String>,
        condition: impl Into<Cow<'static, str>>,
        values: Values,
    ) {
        self.push(label, Action::Update { key, update: update.into() }, Some(condition.into()), values);
    }

    /// Checks a condition and changes nothing. The transaction is refused under `label` if the condition fails.
    pub fn check(&mut self, label: Label, key: Key, condition: impl Into<Cow<'static, str>>, values: Values) {
        self.push(label, Action::Check(key), Some(condition.into()), values);
    }

    fn push(&mut self, label: Label, action: Action, condition: Option<Cow<'static, str>>, values: Values) {
        self.operations.push(Operation { label, action, condition, values, elsewhere: Vec::new() });
    }

    /// Allows the last update or check to be done on one of these items instead. After each conflict the transaction
    /// moves on to the next of them.
    pub fn or_elsewhere(&mut self, keys: Vec<Key>) {
        if let Some(operation) = self.operations.last_mut() {
            operation.elsewhere = keys;
        }
    }

    /// Removes an item.
    pub fn delete(&mut self, label: Label, key: Key, condition: Option<&'static str>, values: Values) {
        self.push(label, Action::Delete(key), condition.map(Cow::Borrowed), values);
    }

    /// Writes and removes items of `kind`, so that they change from `before` to `after`.
    pub fn bring<T: Serialize + PartialEq>(
        &mut self,
        kind: Label,
        before: &BTreeMap<Key, T>,
        after: &BTreeMap<Key, T>,
    ) -> Result<(), Error> {
        for key in before.keys().filter(|key| !after.contains_key(key)) {
            self.delete(kind, key.clone(), None, Vec::new());
        }
        for (key, value) in after.iter().filter(|(key, value)| before.get(key) != Some(value)) {
            self.put(kind, entity::item(key, kind, value)?, None, Vec::new());
        }
        Ok(())
    }

    /// Runs `add` on this transaction, and undoes its additions if the transaction then touches more than `most` items.
    /// Returns the result of `add`, or `None` if it was undone.
    ///
    /// # Errors
    /// The errors of `add`. What it has added by then stays.
    pub fn extend_within<T>(
        &mut self,
        most: usize,
        add: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let (operations, additions) = (self.operations.len(), self.additions.clone());
        let added = add(self)?;
        if self.len() <= most {
            return Ok(Some(added));
        }
        self.operations.truncate(operations);
        self.additions = additions;
        Ok(None)
    }

    /// Returns the number of items that the transaction touches.
    pub fn len(&self) -> usize {
        self.operations.len() + self.additions.len()
    }

    /// Returns true if the transaction touches no item.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the label of the `index`-th item of [`Self::render`]; `None` for tallies and other sums, which have no
    /// conditions.
    pub(crate) fn label(&self, index: usize) -> Option<Label> {
        self.operations.get(index).map(|operation| operation.label)
    }

    /// Returns the label of the `index`-th item if the transaction relies on its condition and cannot use another item
    /// instead.
    pub(crate) fn relied_on(&self, index: usize) -> Option<Label> {
        let relied_on = |operation: &&Operation| operation.condition.is_some() && operation.elsewhere.is_empty();
        self.operations.get(index).filter(relied_on).map(|operation| operation.label)
    }

    /// Returns the request items. Tallies and other sums are written on `shard`. `attempt` counts from 0; each attempt
    /// uses other items where the operations allow it.
    pub(crate) fn render(&self, table: &str, shard: u8, attempt: usize) -> Result<Vec<TransactWriteItem>, Error> {
        if self.len() > MAX_ITEMS {
            return Err(Error::Internal(format!(
                "a transaction of {} items is over the limit of {MAX_ITEMS}",
                self.len()
            )));
        }
        let mut items = Vec::with_capacity(self.len());
        for operation in &self.operations {
            items.push(operation.render(table, attempt)?);
        }
        for (key, update, values) in self.additions.updates(shard) {
            let expression = Expression::new(&update, None, &values);
            let update = expression.update(Update::builder(), table, &key).update_expression(update);
            items.push(TransactWriteItem::builder().update(update.build().map_err(incomplete)?).build());
        }
        Ok(items)
    }
}

/// Names and values of the attributes that an expression uses.
struct Expression {
    names: Option<HashMap<String, String>>,
    values: Option<HashMap<String, AttributeValue>>,
}

impl Expression {
    fn new(expression: &str, condition: Option<&str>, values: &Values) -> Self {
        let mut names = BTreeMap::new();
        for text in [expression, condition.unwrap_or_default()] {
            for part in text.split('#').skip(1) {
                let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len());
                names.insert(format!("#{}", &part[..end]), part[..end].to_owned());
            }
        }
        let values: HashMap<_, _> = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Self {
            names: (!names.is_empty()).then(|| names.into_iter().collect()),
            values: (!values.is_empty()).then_some(values),
        }
    }

    fn update(self, builder: UpdateBuilder, table: &str, key: &Key) -> UpdateBuilder {
        builder
            .table_name(table)
            .set_key(Some(key_attributes(key)))
            .set_expression_attribute_names(self.names)
            .set_expression_attribute_values(self.values)
    }
}

impl Operation {
    fn place<'a>(&'a self, key: &'a Key, attempt: usize) -> &'a Key {
        std::iter::once(key).chain(&self.elsewhere).nth(attempt % (1 + self.elsewhere.len())).unwrap_or(key)
    }

    fn render(&self, table: &str, attempt: usize) -> Result<TransactWriteItem, Error> {
        let text = if let Action::Update { update, .. } = &self.action { update } else { "" };
        let expression = Expression::new(text, self.condition.as_deref(), &self.values);
        let condition = self.condition.as_deref().map(str::to_owned);
        let item = TransactWriteItem::builder();
        Ok(match &self.action {
            Action::Put(attributes) => item.put(
                Put::builder()
                    .table_name(table)
                    .set_item(Some(attributes.clone()))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(expression.names)
                    .set_expression_attribute_values(expression.values)
                    .build()
                    .map_err(incomplete)?,
            ),
            Action::Update { key, update } => item.update(
                expression
                    .update(Update::builder(), table, self.place(key, attempt))
                    .update_expression(update)
                    .set_condition_expression(condition)
                    .build()
                    .map_err(incomplete)?,
            ),
            Action::Check(key) => item.condition_check(
                ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(key_attributes(self.place(key, attempt))))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(expression.names)
                    .set_expression_attribute_values(expression.values)
                    .build()
                    .map_err(incomplete)?,
            ),
            Action::Delete(key) => item.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(key_attributes(key)))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(expression.names)
                    .set_expression_attribute_values(expression.values)
                    .build()
                    .map_err(incomplete)?,
            ),
        }
        .build())
    }
}
