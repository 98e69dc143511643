//! Accounts and the sums of days, against the entries.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use futures_util::{StreamExt, stream};
use serde_json::json;

use super::{
    attempts::Attempts,
    audit::Report,
    keys,
    point_days::{self, StoredDay},
    point_history,
    posting::put_account,
    store::{Range, Store},
    transaction::{CommitError, Transaction},
};
use crate::{
    domain::{
        id::{Id, MAX_ID},
        point_days::DaySums,
        points::{Account, PointEntry},
        shop::Shop,
    },
    error::Error,
};

/// How many customers are looked at at once.
const AT_ONCE: usize = 16;
/// How often a ledger is read that is written meanwhile.
const READINGS: usize = 5;

/// A ledger as it was at one moment.
struct Book {
    customer: Id,
    account: Account,
    entries: Vec<PointEntry>,
    /// Whether it was written while it was read, every time.
    unsettled: bool,
}

/// Reads a ledger between two readings of its account, until both are the same: every entry changes it.
async fn read(store: &Store, shop: &Shop, customer: Id) -> Result<Book, Error> {
    let mut attempts = Attempts::default();
    let mut readings = 1;
    let mut account = point_history::account(store, &shop.id, customer).await?;
    loop {
        let (first, last) = (keys::ledger(&shop.id, customer, 1), keys::ledger(&shop.id, customer, MAX_ID));
        let range = Range { pk: first.pk, between: Some((first.sk, last.sk)), ..Range::default() };
        let entries = store.query_as(&range).await?;
        let after = point_history::account(store, &shop.id, customer).await?;
        let unsettled = after != account;
        if !unsettled || readings >= READINGS {
            return Ok(Book { customer, account: after, entries, unsettled });
        }
        (account, readings) = (after, readings + 1);
        attempts.pause().await?;
    }
}

/// Compares the accounts of these customers with their entries.
pub(super) async fn audit(
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
            // The ledger itself is wrong, which no sum of it can mend.
            Err(reason) => report.tell(of, json!(book.account), json!(reason)),
        }
    }
    Ok(())
}

/// Writes what an account should be; answers whether it was still as it was read.
async fn mend(store: &Store, shop: &Shop, book: &Book, recomputed: &Account) -> Result<bool, Error> {
    let mut transaction = Transaction::default();
    put_account(&mut transaction, shop, book.customer, (book.account.entries, recomputed))?;
    match store.commit(&transaction).await {
        Ok(()) => Ok(true),
        Err(CommitError::Refused(_)) => Ok(false),
        Err(CommitError::Failed(error)) => Err(error),
    }
}

/// The sums of days, as they were before the ledgers were read, and as the ledgers have them.
pub(super) struct Days {
    before: BTreeMap<NaiveDate, StoredDay>,
    counted: BTreeMap<NaiveDate, DaySums>,
}

impl Days {
    /// Reads what is stored before the ledgers are.
    pub(super) async fn begin(store: &Store, shop: &Shop) -> Result<Self, Error> {
        let before = point_days::until(store, &shop.id, None).await?;
        Ok(Self { before, counted: BTreeMap::new() })
    }

    fn count(&mut self, entries: &[PointEntry]) {
        for entry in entries {
            *self.counted.entry(entry.day).or_default() += DaySums::of(entry);
        }
    }

    /// Compares the days that were not changed since the beginning with the entries of all customers.
    pub(super) async fn end(self, store: &Store, shop: &Shop, repair: bool, report: &mut Report) -> Result<(), Error> {
        let after = point_days::until(store, &shop.id, None).await?;
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
                    point_days::mend(store, &shop.id, day, counted.less(&stored.sums)).await?;
                    report.repaired += 1;
                }
            }
        }
        Ok(())
    }
}
