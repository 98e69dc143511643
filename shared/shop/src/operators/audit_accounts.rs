//! Audit of accounts and of the sums of days: both are compared with the ledger entries.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::{
    keys,
    loyalty::{self, days::StoredDay, posting::put_account},
    operators::audit_report::Report,
};
use domain::{
    error::Error,
    id::{Id, MAX_ID},
    point_days::DaySums,
    points::{Account, PointEntry},
    shop::Shop,
};
use store::{
    attempts::Attempts,
    client::{Range, Store},
    transaction::{CommitError, Transaction},
};

/// Number of customers whose ledgers are read in parallel.
const AT_ONCE: usize = 16;
/// Largest number of readings of a ledger that is written during each of them.
const READINGS: usize = 5;

/// A customer's account and ledger as they were at one moment.
struct LedgerSnapshot {
    customer: Id,
    account: Account,
    entries: Vec<PointEntry>,
    /// True if the ledger was written during every reading.
    unsettled: bool,
}

/// Reads a ledger between two readings of its account, until both readings are equal. Every new entry changes the
/// account.
async fn read(store: &Store, shop: &Shop, customer: Id) -> Result<LedgerSnapshot, Error> {
    let mut attempts = Attempts::default();
    let mut readings = 1;
    let mut account = loyalty::history::account(store, &shop.id, customer).await?;
    loop {
        let (first, last) = (keys::ledger(&shop.id, customer, 1), keys::ledger(&shop.id, customer, MAX_ID));
        let range = Range { pk: first.pk, between: Some((first.sk, last.sk)), ..Range::default() };
        let entries = store.query_as(&range).await?;
        let after = loyalty::history::account(store, &shop.id, customer).await?;
        let unsettled = after != account;
        if !unsettled || readings >= READINGS {
            return Ok(LedgerSnapshot { customer, account: after, entries, unsettled });
        }
        (account, readings) = (after, readings + 1);
        attempts.pause().await?;
    }
}

/// Compares the accounts of these customers with their ledger entries. With `repair`, stores what the entries give.
pub(crate) async fn audit(
    store: &Store,
    shop: &Shop,
    customers: &[Id],
    repair: bool,
    (report, days): (&mut Report, &mut Days),
) -> Result<(), Error> {
    let mut books = stream::iter(customers).map(|id| read(store, shop, *id)).buffer_unordered(AT_ONCE);
    while let Some(book) = books.next().await {
        let book = book?;
        report.customers += 1;
        report.entries += book.entries.len() as u64;
        days.count(&book.entries);
        if book.unsettled {
            report.unsettled += 1;
            continue;
        }
        let of = format!("account of customer {}", book.customer);
        match Account::of(&book.entries) {
            Ok(recomputed) if recomputed == book.account => {}
            Ok(recomputed) => {
                report.tell(of, json!(book.account), json!(recomputed));
                if repair && mend(store, shop, &book, &recomputed).await? {
                    report.repaired += 1;
                }
            }
            // The ledger itself is wrong, so no sum of its entries can repair the account.
            Err(reason) => report.tell(of, json!(book.account), json!(reason)),
        }
    }
    Ok(())
}

/// Writes the recomputed account. Returns false if the account has new entries since it was read.
async fn mend(store: &Store, shop: &Shop, book: &LedgerSnapshot, recomputed: &Account) -> Result<bool, Error> {
    let mut transaction = Transaction::default();
    put_account(&mut transaction, shop, book.customer, (book.account.entries, recomputed))?;
    match store.commit(&transaction).await {
        Ok(()) => Ok(true),
        Err(CommitError::Refused(_)) => Ok(false),
        Err(CommitError::Failed(error)) => Err(error),
    }
}

/// The sums of days: as stored before the ledgers were read, and as counted from the ledgers.
pub(crate) struct Days {
    before: BTreeMap<NaiveDate, StoredDay>,
    counted: BTreeMap<NaiveDate, DaySums>,
}

impl Days {
    /// Reads the stored sums. Must run before the ledgers are read.
    pub(crate) async fn begin(store: &Store, shop: &Shop) -> Result<Self, Error> {
        let before = loyalty::days::until(store, &shop.id, None).await?;
        Ok(Self { before, counted: BTreeMap::new() })
    }

    fn count(&mut self, entries: &[PointEntry]) {
        for entry in entries {
            *self.counted.entry(entry.day).or_default() += DaySums::of(entry);
        }
    }

    /// Compares the sums of days with the ledger entries of all customers. A day that has changed since [`Self::begin`]
    /// is counted as unsettled. With `repair`, adds what a day lacks.
    pub(crate) async fn end(self, store: &Store, shop: &Shop, repair: bool, report: &mut Report) -> Result<(), Error> {
        let after = loyalty::days::until(store, &shop.id, None).await?;
        let days: BTreeSet<_> = self.counted.keys().chain(after.keys()).copied().collect();
        for day in days {
            let stored = after.get(&day).copied().unwrap_or_default();
            let counted = self.counted.get(&day).copied().unwrap_or_default();
            report.days += 1;
            if self.before.get(&day).copied().unwrap_or_default().changes != stored.changes {
                report.unsettled += 1;
            } else if stored.sums != counted {
                report.tell(format!("sums of {day}"), json!(stored.sums), json!(counted));
                if repair {
                    loyalty::days::mend(store, &shop.id, day, counted.less(&stored.sums)).await?;
                    report.repaired += 1;
                }
            }
        }
        Ok(())
    }
}
