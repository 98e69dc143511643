//! Cost of a request at the store: round trips and capacity units, from `ReturnConsumedCapacity`.
//!
//! Calls that run side by side count as one *sequential* round trip. A client waits for the longest chain of calls in
//! which each began after the previous one had ended.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use aws_sdk_dynamodb::types::ConsumedCapacity;

tokio::task_local! {
    static METER: Meter;
}

/// Cost of one call of the store.
#[derive(Debug, Clone, Copy)]
struct Call {
    operation: Operation,
    began: Instant,
    ended: Instant,
    read_units: f64,
    write_units: f64,
}

/// Operations of DynamoDB that are used for data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Reads one item.
    GetItem,
    /// Reads up to 100 items by key, such as the entities that the rows of a page refer to.
    BatchGetItem,
    /// Reads a range of one partition.
    Query,
    /// Reads a part of the whole table, for operators.
    Scan,
    /// Adds to a counter.
    UpdateItem,
    /// Writes up to 25 items without conditions.
    BatchWriteItem,
    /// Writes up to 100 items at once or not at all.
    TransactWriteItems,
}

impl Operation {
    fn writes(self) -> bool {
        matches!(self, Self::UpdateItem | Self::BatchWriteItem | Self::TransactWriteItems)
    }
}

/// A running count. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<Counted>>);

#[derive(Debug, Clone, Default)]
struct Counted {
    calls: Vec<Call>,
    conflicts: usize,
}

/// The totals of a meter.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Number of calls of the store.
    pub calls: usize,
    /// Length of the longest chain of calls in which each waited for the previous one.
    pub sequential: usize,
    /// Read capacity units, in total.
    pub read_units: f64,
    /// Write capacity units, in total.
    pub write_units: f64,
    /// Number of transactions that were cancelled by contention alone and retried.
    pub conflicts: usize,
}

impl Meter {
    /// Runs `work` and counts every call of the store that it makes.
    pub async fn watch<F: Future>(&self, work: F) -> F::Output {
        METER.scope(self.clone(), work).await
    }

    /// Returns the totals so far.
    pub fn usage(&self) -> Usage {
        self.usage_of(|_| true)
    }

    /// Returns the totals so far of the wanted operations, as if there were no others.
    pub fn usage_of(&self, wanted: impl Fn(Operation) -> bool) -> Usage {
        let Counted { mut calls, conflicts } = self.counted().clone();
        calls.retain(|call| wanted(call.operation));
        calls.sort_by_key(|call| call.ended);
        let mut usage = Usage { calls: calls.len(), conflicts, ..Usage::default() };
        let mut last_end = None;
        for call in &calls {
            usage.read_units += call.read_units;
            usage.write_units += call.write_units;
            if last_end.is_none_or(|end| call.began >= end) {
                usage.sequential += 1;
                last_end = Some(call.ended);
            }
        }
        usage
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts one call of the store in the meter of the running request, if there is one.
pub fn count(began: Instant, operation: Operation, capacity: &[ConsumedCapacity]) {
    let _ = METER.try_with(|meter| {
        let total = |units: fn(&ConsumedCapacity) -> Option<f64>| capacity.iter().filter_map(units).sum::<f64>();
        let (mut read_units, mut write_units) =
            (total(ConsumedCapacity::read_capacity_units), total(ConsumedCapacity::write_capacity_units));
        if read_units == 0.0 && write_units == 0.0 {
            let units = total(ConsumedCapacity::capacity_units);
            if operation.writes() { write_units = units } else { read_units = units }
        }
        let call = Call { operation, began, ended: Instant::now(), read_units, write_units };
        meter.counted().calls.push(call);
    });
}

/// Counts a transaction that was cancelled by contention.
pub(crate) fn count_conflict() {
    let _ = METER.try_with(|meter| meter.counted().conflicts += 1);
}
