//! The job that updates the stored status of coupon codes. A code is stored as expired if its price rule has ended. It
//! is stored as unused again if the end of the rule was moved to a later time, or if the order that held it was not
//! paid in time. A schedule, the local server's timer and `youhui expire` run the job.
//!
//! Replies do not wait for the job: the effective status of a code follows its rule at once. The job keeps lists cheap.
//! It finds the due rules in an index, works in bounded transactions and for a bounded time, and continues where the
//! last run stopped. Two runs at the same time are safe.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::stream::{self, StreamExt};
use rand::seq::SliceRandom;
use serde::Serialize;
use shared::{
    Error, lambda,
    shop::{
        discounts::{codes, rules},
        orders::{self, settling},
    },
    store::client::Store,
};

/// The time within which a run starts new transactions. Lambda ends the run at 29 s (template.yaml).
const PATIENCE: Duration = Duration::from_secs(20);
/// The number of orders that are processed at the same time.
const AT_ONCE: usize = 8;

/// The result of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The number of rules for which every stored status is now the effective one.
    pub rules: u64,
    /// The number of codes that are now stored as expired.
    pub expired: u64,
    /// The number of codes that are stored as unused again.
    pub revived: u64,
    /// The number of rules and orders for which there was not enough time. The next run continues with them.
    pub unfinished: u64,
    /// The number of rules and orders that failed. The next run tries them again.
    pub failed: u64,
    /// The number of uses of codes and rules that orders released.
    pub released: u64,
}

impl lambda::Report for Report {
    fn failures(&self) -> u64 {
        self.failed
    }
}

/// Processes every due rule and every due order.
///
/// # Errors
/// [`Error`] if the index of due work cannot be read. A rule that fails is counted and left for the next run.
pub async fn run(store: &Store, now: DateTime<Utc>) -> Result<Report, Error> {
    let deadline = Instant::now() + PATIENCE;
    let mut report = Report::default();
    let mut rules = rules::overlay::due_rules(store, now).await?;
    // The order is random, so that a rule that takes longer than a run does not block the others.
    rules.shuffle(&mut rand::rng());
    for due in rules {
        match codes::expiry::rewrite(store, &due.shop, due.id, now, deadline).await {
            Ok(settled) => {
                report.expired += settled.expired;
                report.revived += settled.revived;
                *(if settled.done { &mut report.rules } else { &mut report.unfinished }) += 1;
            }
            Err(error) => {
                tracing::error!(shop = due.shop.as_str(), price_rule = due.id, %error, "a price rule was not updated");
                report.failed += 1;
            }
        }
    }
    settle_orders(store, now, deadline, &mut report).await?;
    Ok(report)
}

/// Stores the uses that orders have released, most of them because a hold expired.
async fn settle_orders(store: &Store, now: DateTime<Utc>, deadline: Instant, report: &mut Report) -> Result<(), Error> {
    let mut orders = orders::uses::due(store, now).await?;
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
                tracing::error!(shop = due.shop.as_str(), order = due.order_id, %error, "order uses were not released");
                report.failed += 1;
            }
        }
    }
    Ok(())
}
