//! The job that stores the status of coupon codes after time has changed it: expired, if their rule has ended; unused, if
//! the end of their rule was moved or the order that held them was not paid in time. A schedule invokes it, and so do the
//! local server's timer and `youhui expire`.
//!
//! Replies do not wait for this job: they show the effective status at once. The job keeps lists cheap. It finds due rules
//! in an index, works in bounded transactions and for a bounded time, continues after the last run, and may run twice at
//! once.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::stream::{self, StreamExt};
use rand::seq::SliceRandom;
use serde::Serialize;
use shared::{
    Error, lambda,
    table::{expiry, order_uses, settling, standings, store::Store},
};

/// The time in which a run begins new transactions. Lambda ends it after 29 s (template.yaml).
const PATIENCE: Duration = Duration::from_secs(20);
/// The number of orders that are settled at once.
const AT_ONCE: usize = 8;

/// The result of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rules whose codes are all stored with their effective status.
    pub rules: u64,
    /// Codes that became expired.
    pub expired: u64,
    /// Codes that became unused again.
    pub revived: u64,
    /// Rules and orders that are left for the next run, for lack of time.
    pub unfinished: u64,
    /// Rules and orders that failed. The next run tries again.
    pub failed: u64,
    /// Uses of codes and rules that orders gave back.
    pub released: u64,
}

impl lambda::Report for Report {
    fn failures(&self) -> u64 {
        self.failed
    }
}

/// Settles every due rule and every due order.
///
/// # Errors
/// A failure to read the index of due work. A rule that fails is counted and left for the next run.
pub async fn run(store: &Store, now: DateTime<Utc>) -> Result<Report, Error> {
    let deadline = Instant::now() + PATIENCE;
    let mut report = Report::default();
    let mut rules = standings::due_rules(store, now).await?;
    // The order is random, so that a rule that takes longer than a run does not block the others.
    rules.shuffle(&mut rand::rng());
    for due in rules {
        match expiry::settle(store, &due.shop, due.id, now, deadline).await {
            Ok(settled) => {
                report.expired += settled.expired;
                report.revived += settled.revived;
                *(if settled.done { &mut report.rules } else { &mut report.unfinished }) += 1;
            }
            Err(error) => {
                tracing::error!(shop = due.shop.as_str(), price_rule = due.id, %error, "a rule was not settled");
                report.failed += 1;
            }
        }
    }
    settle_orders(store, now, deadline, &mut report).await?;
    Ok(report)
}

/// Stores the uses that orders gave back, mostly because their hold has ended.
async fn settle_orders(store: &Store, now: DateTime<Utc>, deadline: Instant, report: &mut Report) -> Result<(), Error> {
    let mut orders = order_uses::due(store, now).await?;
    orders.shuffle(&mut rand::rng());
    let each = stream::iter(orders).map(async |due| {
        if Instant::now() >= deadline {
            return None;
        }
        Some((settling::settle(store, &due.shop, due.order_id, now).await, due))
    });
    let mut each = each.buffer_unordered(AT_ONCE);
    while let Some(settled) = each.next().await {
        match settled {
            None => report.unfinished += 1,
            Some((Ok(released), _)) => report.released += released,
            Some((Err(error), due)) => {
                tracing::error!(shop = due.shop.as_str(), order = due.order_id, %error, "an order was not settled");
                report.failed += 1;
            }
        }
    }
    Ok(())
}
