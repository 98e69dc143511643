//! The report of an audit, and the comparison of lists with their tallies, which every part of an audit needs.

use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::{Value, json};

use domain::{error::Error, id::Id, shop::Shop};
use store::{
    client::Store,
    pages::{List, audit as tallies},
};

/// Largest number of drifts that a report lists. All drifts are counted.
const TOLD: usize = 100;
/// Number of lists that are compared in parallel.
const AT_ONCE: usize = 8;

/// Result of an audit.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// Number of customers whose account was compared with their ledger entries.
    pub customers: u64,
    /// Number of the ledger entries of these customers.
    pub entries: u64,
    /// Number of days whose sums were compared with the ledger entries.
    pub days: u64,
    /// Number of lists whose tallies were compared with their rows.
    pub lists: u64,
    /// Number of rows of these lists.
    pub rows: u64,
    /// Number of coupons whose counts were compared with their codes.
    pub coupons: u64,
    /// Number of sums that have drifted.
    pub drift: u64,
    /// The first 100 drifts.
    pub drifts: Vec<Drift>,
    /// Number of drifts that were repaired.
    pub repaired: u64,
    /// Number of sums that changed during every reading, so that the audit cannot judge them.
    pub unsettled: u64,
    /// Id after which the next audit must continue; `None` for a finished audit. If it is set, the time was too short
    /// for the customers above this id and for all that follows the customers.
    pub goes_on_after: Option<Id>,
}

/// A stored sum that differs from the recomputed one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// Name of the sum, such as `account of customer 7`.
    pub of: String,
    /// Value that is stored.
    pub stored: Value,
    /// Value recomputed from the items that it sums.
    pub recomputed: Value,
}

impl Report {
    /// Adds a drift to the report.
    pub(crate) fn tell(&mut self, of: impl Into<String>, stored: Value, recomputed: Value) {
        self.drift += 1;
        if self.drifts.len() < TOLD {
            self.drifts.push(Drift { of: of.into(), stored, recomputed });
        }
    }
}

/// Compares the tallies of these lists with their rows.
pub(crate) async fn audit_lists(
    store: &Store,
    shop: &Shop,
    lists: Vec<List>,
    repair: bool,
    report: &mut Report,
) -> Result<(), Error> {
    let lists = stream::iter(lists).map(async |list| tallies::audit(store, &shop.id, &list).await);
    let mut each = lists.buffer_unordered(AT_ONCE);
    while let Some(audited) = each.next().await {
        let audited = audited?;
        report.lists += 1;
        report.rows += audited.rows;
        report.unsettled += audited.unsettled;
        for drift in &audited.drift {
            report.tell(format!("tally of {}", drift.tally), json!(drift.stored.0), json!(drift.counted.0));
        }
        if repair && !audited.drift.is_empty() {
            tallies::mend(store, &audited).await?;
            report.repaired += audited.drift.len() as u64;
        }
    }
    Ok(())
}
