//! Storing what the clock has made of codes: as expired where their rule has ended, as unused again where its end was moved
//! on. Until then they are *seen* so ([`standings`](super::standings)).
//!
//! One rule is settled so: its row says which way its codes are being stored; the counters of its coupons' codes turn,
//! so that what is written from then on is stored in the new way; the codes that are stored in the old way are written
//! anew, a transaction after the other; and its row says that it is done. All of it is conditioned on the rule being as it
//! was read, or on the turn: a run that is behind the times changes nothing. Every part can stop and begin again, and two
//! can do it at once.

use std::time::Instant;

use chrono::{DateTime, Utc};
use futures_util::stream::{self, StreamExt};

use super::{
    attempts::Attempts,
    counters::{self, Counter, Shards, Turn},
    coupon_codes::{self, OF_COUPON, Row, unused_class},
    pages::{Class, Direction, List, Select},
    price_rules::{self, StoredAs, StoredRule},
    standings::coupons_of_rule,
    store::Store,
    transaction::{CommitError, MAX_ITEMS, Transaction},
};
use crate::{
    domain::{id::Id, shop::ShopId},
    error::Error,
};

/// How many codes are read at once.
const READ_AT_ONCE: u64 = 200;
/// How many coupons of a rule are worked on at once.
const AT_ONCE: usize = 8;
/// The most items that one code takes: five rows, the tally of its customer, and two of each list.
const ITEMS_OF_ONE: usize = 10;

/// What became of a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Codes that are stored as expired now.
    pub expired: u64,
    /// Codes that are stored as unused again.
    pub revived: u64,
    /// Whether nothing is left to do.
    pub done: bool,
}

/// Brings the codes of a rule to what the clock has made of them `now`, until `deadline` at the latest.
pub async fn settle(
    store: &Store,
    shop: &ShopId,
    rule: Id,
    now: DateTime<Utc>,
    deadline: Instant,
) -> Result<Settled, Error> {
    let mut settled = Settled::default();
    let mut attempts = Attempts::default();
    while Instant::now() < deadline {
        let (before, version) = match price_rules::stored(store, shop, rule).await {
            Err(Error::NotFound) => return Ok(Settled { done: true, ..settled }),
            read => read?,
        };
        let lapsed = before.rule.has_ended(now);
        // A run whose clock says otherwise has to say so in the row first, and then this one's version is gone.
        let (under_way, goal) =
            if lapsed { (StoredAs::Expiring, StoredAs::Expired) } else { (StoredAs::Reviving, StoredAs::Unused) };
        if before.codes == goal {
            return Ok(Settled { done: true, ..settled });
        }
        let began = before.codes == under_way;
        if began {
            let codes = rewrite_coupons(store, shop, (rule, version), lapsed, deadline).await?;
            attempts = Attempts::default();
            let Some(codes) = codes else {
                attempts.pause().await?;
                continue;
            };
            *(if lapsed { &mut settled.expired } else { &mut settled.revived }) += codes.codes;
            if !codes.all {
                break;
            }
        }
        let after = StoredRule { codes: if began { goal } else { under_way }, ..before.clone() };
        let mut transaction = Transaction::default();
        price_rules::replace(&mut transaction, shop, (&before, version), &after)?;
        match store.commit(&transaction).await {
            Ok(()) => attempts = Attempts::default(),
            Err(CommitError::Refused(_)) => attempts.pause().await?,
            Err(CommitError::Failed(error)) => return Err(error),
        }
    }
    Ok(settled)
}

/// Turns the counters of a rule's coupons, some at once, and writes their codes anew; `None` where the rule is not of this
/// version any more, or another run has turned them back.
async fn rewrite_coupons(
    store: &Store,
    shop: &ShopId,
    rule: (Id, u64),
    lapsed: bool,
    deadline: Instant,
) -> Result<Option<Walked>, Error> {
    let coupons = coupons_of_rule(store, shop, rule.0).await?;
    let each = stream::iter(coupons).map(|coupon| rewrite(store, shop, (rule, coupon), lapsed, deadline));
    let mut each = each.buffer_unordered(AT_ONCE);
    let mut all = Walked { codes: 0, all: true };
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

/// Turns the counter of one coupon and writes its codes anew.
async fn rewrite(
    store: &Store,
    shop: &ShopId,
    ((rule, version), coupon): ((Id, u64), Id),
    lapsed: bool,
    deadline: Instant,
) -> Result<Option<Walked>, Error> {
    if Instant::now() >= deadline {
        return Ok(Some(Walked { codes: 0, all: false }));
    }
    let counter = Counter::CodesOf(coupon);
    let mut shards = counters::read(store, shop, counter).await?;
    if shards.lapsed != lapsed && !shards.closed {
        let mut transaction = Transaction::default();
        shards.turn(&mut transaction, shop, Turn::Lapsed(lapsed));
        price_rules::check_version(&mut transaction, shop, rule, version);
        match store.commit(&transaction).await {
            Ok(()) | Err(CommitError::Refused(_)) => shards = counters::read(store, shop, counter).await?,
            Err(CommitError::Failed(error)) => return Err(error),
        }
    }
    if shards.closed {
        return Ok(Some(Walked { codes: 0, all: true }));
    }
    if shards.lapsed != lapsed {
        return Ok(None);
    }
    let change =
        |transaction: &mut Transaction, row: &Row| coupon_codes::replace(transaction, shop, row, &row.code, lapsed);
    each(store, shop, (&OF_COUPON.of(coupon), vec![unused_class(!lapsed)]), change, Some(&shards), deadline).await
}

/// How far a walk came.
pub(super) struct Walked {
    /// Codes that were changed.
    pub(super) codes: u64,
    /// Whether none of the classes is left.
    pub(super) all: bool,
}

/// Changes every code of some classes, which takes it out of them, in transactions of as many as fit; `None` where the
/// counter that they rely on has turned.
pub(super) async fn each(
    store: &Store,
    shop: &ShopId,
    (list, classes): (&List, Vec<Class>),
    change: impl Fn(&mut Transaction, &Row) -> Result<(), Error>,
    relied_on: Option<&Shards>,
    deadline: Instant,
) -> Result<Option<Walked>, Error> {
    let select = Select { classes: Some(classes), ..Select::first(READ_AT_ONCE, Direction::Ascending) };
    let mut codes = 0;
    let mut attempts = Attempts::default();
    loop {
        let page = list.page(store, shop, &select).await?;
        let rows = page.rows.into_iter().map(Row::of_item).collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() {
            return Ok(Some(Walked { codes, all: page.count == 0 }));
        }
        let mut rest = rows.as_slice();
        while !rest.is_empty() {
            if Instant::now() >= deadline {
                return Ok(Some(Walked { codes, all: false }));
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
                // One of them was used or changed: the others are read again.
                Err(CommitError::Refused(_)) => {
                    attempts.pause().await?;
                    break;
                }
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
    }
}
