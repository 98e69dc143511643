//! One atomic change: up to 100 writes, each with a label that tells which condition refused it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update, builders::UpdateBuilder,
};

use serde::Serialize;

use super::{
    Item, entity,
    keys::{self, Key},
    pages::tally::Tallies,
    point_days::PointDays,
};
use crate::error::Error;

/// The most items of one transaction (an AWS limit).
pub const MAX_ITEMS: usize = 100;

/// Names a write, so that its refused condition can become the right answer.
pub type Label = &'static str;

/// The item must not exist yet.
pub const ABSENT: &str = "attribute_not_exists(#PK)";
/// The item must exist.
pub const PRESENT: &str = "attribute_exists(#PK)";

/// Values of an expression, by their placeholders such as `:points`.
pub type Values = Vec<(&'static str, AttributeValue)>;

/// An integer attribute.
pub fn n(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A string attribute.
pub fn s(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

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
    /// The items on which it may be done just as well.
    elsewhere: Vec<Key>,
}

/// Why a transaction was not carried out.
#[derive(Debug)]
pub enum CommitError {
    /// The conditions of these writes did not hold; nothing was written.
    Refused(Vec<Label>),
    /// The store did not say; it may have been written or not.
    Failed(Error),
}

impl CommitError {
    /// Whether the condition of a write with this label did not hold.
    pub fn refused(&self, label: Label) -> bool {
        matches!(self, Self::Refused(labels) if labels.contains(&label))
    }
}

impl From<CommitError> for Error {
    /// For transactions without conditions.
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(labels) => Self::Internal(format!("unexpected refusal of {labels:?}")),
            CommitError::Failed(error) => error,
        }
    }
}

/// Writes that happen together or not at all.
///
/// In expressions an attribute is written `#name`; the names are bound to themselves, so that reserved words need no
/// thought.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    operations: Vec<Operation>,
    /// What the transaction changes in the tallies of ranked lists.
    pub tallies: Tallies,
    /// What it changes in the sums of days.
    pub point_days: PointDays,
}

impl Transaction {
    /// Writes an item, under a condition on the one that it replaces.
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

    /// Changes an item by an update expression, under a condition that is put together at run time.
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

    /// Changes nothing; the transaction is refused under `label` where the condition does not hold.
    pub fn check(&mut self, label: Label, key: Key, condition: impl Into<Cow<'static, str>>, values: Values) {
        self.push(label, Action::Check(key), Some(condition.into()), values);
    }

    fn push(&mut self, label: Label, action: Action, condition: Option<Cow<'static, str>>, values: Values) {
        self.operations.push(Operation { label, action, condition, values, elsewhere: Vec::new() });
    }

    /// Lets the update or check that was added last be done on one of these items instead: where the transaction meets
    /// another it moves on to the next of them.
    pub(super) fn or_elsewhere(&mut self, keys: Vec<Key>) {
        if let Some(operation) = self.operations.last_mut() {
            operation.elsewhere = keys;
        }
    }

    /// Removes an item.
    pub fn delete(&mut self, label: Label, key: Key, condition: Option<&'static str>, values: Values) {
        self.push(label, Action::Delete(key), condition.map(Cow::Borrowed), values);
    }

    /// Brings items of `kind` from what they say `before` to what they must say `after`.
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

    /// Has `add` add to it, and takes that back where it touches more than `most` items then. Answers what was added.
    ///
    /// # Errors
    /// Those of `add`; what is half added stays.
    pub fn extend_within<T>(
        &mut self,
        most: usize,
        add: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let (operations, tallies, point_days) = (self.operations.len(), self.tallies.clone(), self.point_days.clone());
        let added = add(self)?;
        if self.len() <= most {
            return Ok(Some(added));
        }
        self.operations.truncate(operations);
        (self.tallies, self.point_days) = (tallies, point_days);
        Ok(None)
    }

    /// How many items it touches.
    pub fn len(&self) -> usize {
        self.operations.len() + self.tallies.len() + self.point_days.len()
    }

    /// Whether it does nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The label of the `index`-th item of [`Self::render`]; tallies and sums have no conditions, so they have none.
    pub(super) fn label(&self, index: usize) -> Option<Label> {
        self.operations.get(index).map(|operation| operation.label)
    }

    /// The same of an item on whose condition the transaction relies: it can be met nowhere else.
    pub(super) fn relied_on(&self, index: usize) -> Option<Label> {
        let relied_on = |operation: &&Operation| operation.condition.is_some() && operation.elsewhere.is_empty();
        self.operations.get(index).filter(relied_on).map(|operation| operation.label)
    }

    /// The request items, with the tallies and sums on `shard`. `attempt` counts from 0 on: each is done elsewhere, as far
    /// as it may be.
    pub(super) fn render(&self, table: &str, shard: u8, attempt: usize) -> Result<Vec<TransactWriteItem>, Error> {
        if self.len() > MAX_ITEMS {
            return Err(Error::Internal(format!("a transaction of {} items", self.len())));
        }
        let mut items = Vec::with_capacity(self.len());
        for operation in &self.operations {
            items.push(operation.render(table, attempt)?);
        }
        for (key, update, values) in self.tallies.updates(shard).chain(self.point_days.updates(shard)) {
            let expression = Expression::new(&update, None, &values);
            let update = expression.update(Update::builder(), table, &key).update_expression(update);
            items.push(TransactWriteItem::builder().update(update.build().map_err(incomplete)?).build());
        }
        Ok(items)
    }
}

fn incomplete(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("incomplete request: {error}"))
}

/// The attribute map of a primary key.
pub(in crate::table) fn key_attributes(key: &Key) -> Item {
    HashMap::from([(keys::PK.to_owned(), s(&key.pk)), (keys::SK.to_owned(), s(&key.sk))])
}

/// The names and values that expressions use.
pub(super) struct Expression {
    pub(super) names: Option<HashMap<String, String>>,
    pub(super) values: Option<HashMap<String, AttributeValue>>,
}

impl Expression {
    pub(super) fn new(expression: &str, condition: Option<&str>, values: &Values) -> Self {
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
