//! Expiry of codes (docs/api/coupon-codes.md): it stores unused codes as expired after their rule has ended, and as
//! unused again after the end was moved. Until then the status overlay shows their effective status
//! ([`overlay`](crate::discounts::rules::overlay)).
//!
//! One rule is handled as follows:
//!
//! 1. The row of the rule says in which class the codes are being stored.
//! 2. The quota shards of each coupon get the next epoch, so that codes written from then on have the new class.
//! 3. The codes of the old class are rewritten, as many in each transaction as fit.
//! 4. The row of the rule says that the work is done.
//!
//! Each step is conditioned on the version of the rule or on the epoch, so a run with an outdated state changes
//! nothing. Each step can stop and resume, and two processes can run it at once.

use std::time::Instant;

use chrono::{DateTime, Utc};
use futures_util::stream::{self, StreamExt};

use crate::discounts::{
    codes::rows::{self, OF_COUPON, Row, unused_class},
    counters::{self, Counter, EpochChange, Shards},
    rules::{
        self,
        overlay::coupons_of_rule,
        stored::{StoredAs, StoredRule},
    },
};
use domain::{error::Error, id::Id, shop::ShopId};
use store::{
    attempts::Attempts,
    client::Store,
    pages::{Class, Direction, List, Select},
    transaction::{CommitError, MAX_ITEMS, Transaction},
};

/// Number of codes that are read at once.
const READ_AT_ONCE: u64 = 200;
/// Number of coupons of a rule that are handled in parallel.
const AT_ONCE: usize = 8;
/// Largest number of items that one code takes: five rows, the tally of its customer, and two tallies of each other
/// list.
const ITEMS_OF_ONE: usize = 10;

/// Result of the expiry of a rule's codes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Number of codes that were stored as expired.
    pub expired: u64,
    /// Number of codes that were stored as unused again.
    pub revived: u64,
    /// True if no work is left.
    pub done: bool,
}

/// Rewrites the codes of a rule to the class that is right at `now`, until `deadline` at the latest.
pub async fn rewrite(
    store: &Store,
    shop: &ShopId,
    rule: Id,
    now: DateTime<Utc>,
    deadline: Instant,
) -> Result<Rewritten, Error> {
    let mut rewritten = Rewritten::default();
    let mut attempts = Attempts::default();
    while Instant::now() < deadline {
        let (before, version) = match rules::rows::stored(store, shop, rule).await {
            Err(Error::NotFound) => return Ok(Rewritten { done: true, ..rewritten }),
            read => read?,
        };
        let lapsed = before.rule.has_ended(now);
        // A run whose clock disagrees has to change the row first, and then the version that this run relies on is
        // gone.
        let (under_way, goal) =
            if lapsed { (StoredAs::Expiring, StoredAs::Expired) } else { (StoredAs::Reviving, StoredAs::Unused) };
        if before.codes == goal {
            return Ok(Rewritten { done: true, ..rewritten });
        }
        let began = before.codes == under_way;
        if began {
            let codes = rewrite_coupons(store, shop, (rule, version), lapsed, deadline).await?;
            attempts = Attempts::default();
            let Some(codes) = codes else {
                attempts.pause().await?;
                continue;
            };
            *(if lapsed { &mut rewritten.expired } else { &mut rewritten.revived }) += codes.codes;
            if !codes.all {
                break;
            }
        }
        let after = StoredRule { codes: if began { goal } else { under_way }, ..before.clone() };
        let mut transaction = Transaction::default();
        rules::rows::replace(&mut transaction, shop, (&before, version), &after)?;
        match store.commit(&transaction).await {
            Ok(()) => attempts = Attempts::default(),
            Err(CommitError::Refused(_)) => attempts.pause().await?,
            Err(CommitError::Failed(error)) => return Err(error),
        }
    }
    Ok(rewritten)
}

/// Sets the class of new codes on the coupons of a rule, several in parallel, and rewrites their codes. Returns `None`
/// if the rule has another version by now, or another run has set the opposite class.
async fn rewrite_coupons(
    store: &Store,
    shop: &ShopId,
    rule: (Id, u64),
    lapsed: bool,
    deadline: Instant,
) -> Result<Option<CopiesRewritten>, Error> {
    let coupons = coupons_of_rule(store, shop, rule.0).await?;
    let each = stream::iter(coupons).map(|coupon| rewrite_coupon(store, shop, (rule, coupon), lapsed, deadline));
    let mut each = each.buffer_unordered(AT_ONCE);
    let mut all = CopiesRewritten { codes: 0, all: true };
    let mut current = true;
    while let Some(walked) = each.next().await {
        match walked? {
            Some(walked) => {
                all.codes += walked.codes;
                all.all &= walked.all;
            }
            None => current = false,
        }
    }
    Ok(current.then_some(all))
}

/// Sets the class of new codes on one coupon, and rewrites its codes.
async fn rewrite_coupon(
    store: &Store,
    shop: &ShopId,
    ((rule, version), coupon): ((Id, u64), Id),
    lapsed: bool,
    deadline: Instant,
) -> Result<Option<CopiesRewritten>, Error> {
    if Instant::now() >= deadline {
        return Ok(Some(CopiesRewritten { codes: 0, all: false }));
    }
    let counter = Counter::CodesOf(coupon);
    let mut shards = counters::read(store, shop, counter).await?;
    if shards.lapsed != lapsed && !shards.closed {
        let mut transaction = Transaction::default();
        shards.change_epoch(&mut transaction, shop, EpochChange::Lapsed(lapsed));
        rules::rows::check_version(&mut transaction, shop, rule, version);
        match store.commit(&transaction).await {
            Ok(()) | Err(CommitError::Refused(_)) => shards = counters::read(store, shop, counter).await?,
            Err(CommitError::Failed(error)) => return Err(error),
        }
    }
    if shards.closed {
        return Ok(Some(CopiesRewritten { codes: 0, all: true }));
    }
    if shards.lapsed != lapsed {
        return Ok(None);
    }
    let change = |transaction: &mut Transaction, row: &Row| rows::replace(transaction, shop, row, &row.code, lapsed);
    each(store, shop, (&OF_COUPON.of(coupon), vec![unused_class(!lapsed)]), change, Some(&shards), deadline).await
}

/// Progress of a walk over codes.
pub(crate) struct CopiesRewritten {
    /// Number of codes that were changed.
    pub(crate) codes: u64,
    /// True if no code of the classes is left.
    pub(crate) all: bool,
}

/// Applies `change` to every code of these classes, with as many codes in a transaction as fit. `change` must take the
/// code out of the classes. Returns `None` if the epoch of `relied_on` has changed.
pub(crate) async fn each(
    store: &Store,
    shop: &ShopId,
    (list, classes): (&List, Vec<Class>),
    change: impl Fn(&mut Transaction, &Row) -> Result<(), Error>,
    relied_on: Option<&Shards>,
    deadline: Instant,
) -> Result<Option<CopiesRewritten>, Error> {
    let select = Select { classes: Some(classes), ..Select::first(READ_AT_ONCE, Direction::Ascending) };
    let mut codes = 0;
    let mut attempts = Attempts::default();
    loop {
        let page = list.page(store, shop, &select).await?;
        let rows = page.rows.into_iter().map(Row::of_item).collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() {
            return Ok(Some(CopiesRewritten { codes, all: page.count == 0 }));
        }
        let mut rest = rows.as_slice();
        while !rest.is_empty() {
            if Instant::now() >= deadline {
                return Ok(Some(CopiesRewritten { codes, all: false }));
            }
            let mut transaction = Transaction::default();
            if let Some(shards) = relied_on {
                shards.check(&mut transaction, shop);
            }
            let mut taken = 0;
            while let Some(row) = rest.get(taken).filter(|_| transaction.len() + ITEMS_OF_ONE <= MAX_ITEMS) {
                change(&mut transaction, row)?;
                taken += 1;
            }
            match store.commit(&transaction).await {
                Ok(()) => {
                    codes += taken as u64;
                    attempts = Attempts::default();
                    rest = &rest[taken..];
                }
                Err(refused) if refused.refused(counters::LABEL) => return Ok(None),
                // One of the codes was used or changed, so the page is read again.
                Err(CommitError::Refused(_)) => {
                    attempts.pause().await?;
                    break;
                }
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
    }
}
