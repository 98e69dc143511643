//! The job that stores what the clock has made of coupon codes: as expired where their rule has ended, as unused again
//! where its end was moved on, or where the order that held them was not paid in time. A schedule invokes it, the local server's timer, and `youhui expire`.
//!
//! What is shown does not wait for it: the status of a code follows its rule at once. It keeps lists cheap. It finds the
//! rules that are due in an index, works in bounded transactions and for a bounded time, takes up where the last run
//! stopped, and may run twice at once.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::stream::{self, StreamExt};
use rand::seq::SliceRandom;
use serde::Serialize;
use shared::{
    Error, lambda,
    table::{expiry, order_uses, settling, standings, store::Store},
};

/// How long a run begins new transactions: Lambda ends it at 29 s (template.yaml).
const PATIENCE: Duration = Duration::from_secs(20);
/// How many orders are settled at once.
const AT_ONCE: usize = 8;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rules whose codes are all stored as they are seen now.
    pub rules: u64,
    /// Codes that are stored as expired now.
    pub expired: u64,
    /// Codes that are stored as unused again.
    pub revived: u64,
    /// Rules and orders for which the time did not suffice; the next run takes them up.
    pub unfinished: u64,
    /// Rules and orders that failed; the next run tries again.
    pub failed: u64,
    /// Uses of codes and rules that orders have given back.
    pub released: u64,
}

impl lambda::Report for Report {
    fn failures(&self) -> u64 {
        self.failed
    }
}

/// Settles every rule that is due, and every order.
///
/// # Errors
/// Where the index of what is due cannot be read; a rule that fails is counted and left for the next run.
pub async fn run(store: &Store, now: DateTime<Utc>) -> Result<Report, Error> {
    let deadline = Instant::now() + PATIENCE;
    let mut report = Report::default();
    let mut rules = standings::due_rules(store, now).await?;
    // None comes first every time: a rule that takes longer than a run does not keep the others waiting.
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

/// Stores what orders have given back, most of it because a hold has ended.
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
