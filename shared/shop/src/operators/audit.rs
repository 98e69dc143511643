//! The books of a shop, gone through: what is kept as a sum beside what it sums. Accounts and the sums of days against the
//! entries, tallies against rows, the counts of coupons against their codes. Nothing should ever drift; where something
//! has, it can be mended.
//!
//! It reads everything of a shop, strongly, and may run while others write: whatever has a version is read before what it
//! sums and after it, and where that has changed the reading is made again, or nothing is said.

use std::time::Instant;

use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    audit_accounts, audit_codes,
    coupon_codes::{CODES, OF_CUSTOMER},
    coupons::COUPONS,
    customers::{self, CREATED, CUSTOMERS},
    levels::LEVELS,
    pages::{List, audit as tallies},
    point_history::POINT_HISTORY,
    price_rules::PRICE_RULES,
    store::Store,
};
use crate::{
    domain::{id::Id, shop::Shop},
    error::Error,
};

/// The most drifts that a report tells of by name; all are counted.
const TOLD: usize = 100;
/// How many customers are read at once from their list.
const STEP: usize = 200;
/// How many lists are gone through at once.
const AT_ONCE: usize = 8;

/// What to go through.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    /// Whether to mend what has drifted.
    pub repair: bool,
    /// Where a report before this one stopped: customers after this id.
    pub after: Id,
    /// When to stop.
    pub deadline: Instant,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// Customers whose account was compared with their entries.
    pub customers: u64,
    /// Those entries.
    pub entries: u64,
    /// Days whose sums were compared with the entries.
    pub days: u64,
    /// Lists whose tallies were compared with their rows.
    pub lists: u64,
    /// Those rows.
    pub rows: u64,
    /// Coupons whose counts were compared with their codes.
    pub coupons: u64,
    /// How many sums are not what they should be.
    pub drift: u64,
    /// The first of them.
    pub drifts: Vec<Drift>,
    /// How many of them were mended.
    pub repaired: u64,
    /// How much was changed all the time, so that nothing is said of it.
    pub unsettled: u64,
    /// Where to go on: the time did not suffice for the customers after this one, nor for what comes after the customers.
    pub goes_on_after: Option<Id>,
}

/// A sum that is not what it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// Of what.
    pub of: String,
    /// What is stored.
    pub stored: Value,
    /// What it should be.
    pub recomputed: Value,
}

impl Report {
    /// Notes a drift.
    pub(super) fn tell(&mut self, of: impl Into<String>, stored: Value, recomputed: Value) {
        self.drift += 1;
        if self.drifts.len() < TOLD {
            self.drifts.push(Drift { of: of.into(), stored, recomputed });
        }
    }
}

/// Goes through the books of a shop: customer by customer first, then what concerns them all.
pub async fn run(store: &Store, shop: &Shop, scope: Scope) -> Result<Report, Error> {
    let mut report = Report::default();
    let mut days = audit_accounts::Days::begin(store, shop).await?;
    let mut after = scope.after;
    loop {
        let ids = customers::ids_after(store, &shop.id, after, STEP).await?;
        let Some(last) = ids.last() else { break };
        if Instant::now() >= scope.deadline {
            report.goes_on_after = Some(after);
            return Ok(report);
        }
        audit_accounts::audit(store, shop, &ids, scope.repair, (&mut report, &mut days)).await?;
        let codes = ids.iter().map(|id| OF_CUSTOMER.of(*id)).collect();
        audit_lists(store, shop, codes, scope.repair, &mut report).await?;
        after = *last;
    }
    // The sums of days are those of all customers.
    if scope.after == 0 {
        days.end(store, shop, scope.repair, &mut report).await?;
    }
    let lists = vec![LEVELS, CUSTOMERS, CREATED, POINT_HISTORY, PRICE_RULES, COUPONS, CODES];
    audit_lists(store, shop, lists, scope.repair, &mut report).await?;
    audit_codes::audit(store, shop, scope.repair, &mut report).await?;
    Ok(report)
}

/// Compares the tallies of lists with their rows.
pub(super) async fn audit_lists(
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
