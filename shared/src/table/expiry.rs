//! Storing what the clock has made of codes: as expired where their rule has ended, as unused again where its end was moved
//! on. Until then they are *seen* so ([`standings`](super::standings)).
//!
//! One rule is settled so: its row says that its codes are stored in both ways; the counters of its uses and of its
//! coupons' codes turn, so that what is written from then on is stored in the new way; the codes that are stored in the
//! old way are written anew, a transaction after the other; and its row says that it is done, on the condition that the
//! rule has not changed since it was read. Every part can stop and begin again, and two can do it at once.

use std::time::Instant;

use chrono::{DateTime, Utc};

use super::{
    attempts::Attempts,
    counters::{self, Counter, Turn},
    coupon_codes::{self, OF_COUPON, Row, unused_class},
    pages::{Class, Direction, List, Select},
    price_rules::{self, Standing, StoredRule},
    standings::coupons_of_rule,
    store::Store,
    transaction::{CommitError, MAX_ITEMS, Transaction},
};
use crate::{
    domain::{id::Id, shop::ShopId},
    error::Error,
};

/// How many codes are read at once.
const AT_ONCE: u64 = 200;
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

/// Brings the codes of a rule to what the clock has made of them, until `deadline` at the latest.
pub async fn settle(
    store: &Store,
    shop: &ShopId,
    rule: Id,
    now: DateTime<Utc>,
    deadline: Instant,
) -> Result<Settled, Error> {
    let mut settled = Settled::default();
    let mut attempts = Attempts::default();
    loop {
        let (before, version) = match price_rules::stored(store, shop, rule).await {
            Err(Error::NotFound) => return Ok(Settled { done: true, ..settled }),
            read => read?,
        };
        let lapsed = before.rule.has_ended(now);
        let goal = if lapsed { Standing::Expired } else { Standing::Unused };
        if before.codes == goal {
            return Ok(Settled { done: true, ..settled });
        }
        let mixed = StoredRule { codes: Standing::Mixed, ..before.clone() };
        if before.codes != Standing::Mixed {
            say(store, shop, (&before, version), &mixed, &mut attempts).await?;
            continue;
        }
        turn(store, shop, Counter::UsesOf(rule), lapsed).await?;
        for coupon in coupons_of_rule(store, shop, rule).await? {
            turn(store, shop, Counter::CodesOf(coupon), lapsed).await?;
            let list = OF_COUPON.of(coupon);
            let rewrite = |transaction: &mut Transaction, row: &Row| {
                coupon_codes::replace(transaction, shop, row, &row.code, lapsed)
            };
            let walked = each(store, shop, (&list, vec![unused_class(!lapsed)]), rewrite, deadline).await?;
            *(if lapsed { &mut settled.expired } else { &mut settled.revived }) += walked.codes;
            if !walked.all {
                return Ok(settled);
            }
        }
        let after = StoredRule { codes: goal, ..mixed };
        if say(store, shop, (&before, version), &after, &mut attempts).await? {
            return Ok(Settled { done: true, ..settled });
        }
    }
}

/// Writes how the codes of a rule are stored, unless the rule has changed.
async fn say(
    store: &Store,
    shop: &ShopId,
    before: (&StoredRule, u64),
    after: &StoredRule,
    attempts: &mut Attempts,
) -> Result<bool, Error> {
    let mut transaction = Transaction::default();
    price_rules::replace(&mut transaction, shop, before, after)?;
    match store.commit(&transaction).await {
        Ok(()) => Ok(true),
        Err(CommitError::Refused(_)) => attempts.pause().await.map(|()| false),
        Err(CommitError::Failed(error)) => Err(error),
    }
}

/// Turns a counter so that codes which are not used are stored in this way.
async fn turn(store: &Store, shop: &ShopId, counter: Counter, lapsed: bool) -> Result<(), Error> {
    let mut attempts = Attempts::default();
    loop {
        let shards = counters::read(store, shop, counter).await?;
        if shards.lapsed == lapsed {
            return Ok(());
        }
        let mut transaction = Transaction::default();
        shards.turn(&mut transaction, shop, Turn::Lapsed(lapsed));
        match store.commit(&transaction).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Refused(_)) => attempts.pause().await?,
            Err(CommitError::Failed(error)) => return Err(error),
        }
    }
}

/// How far a walk came.
pub(super) struct Walked {
    /// Codes that were changed.
    pub(super) codes: u64,
    /// Whether none of the classes is left.
    pub(super) all: bool,
}

/// Changes every code of some classes, which takes it out of them, in transactions of as many as fit.
pub(super) async fn each(
    store: &Store,
    shop: &ShopId,
    (list, classes): (&List, Vec<Class>),
    change: impl Fn(&mut Transaction, &Row) -> Result<(), Error>,
    deadline: Instant,
) -> Result<Walked, Error> {
    let select = Select { classes: Some(classes), ..Select::first(AT_ONCE, Direction::Ascending) };
    let mut codes = 0;
    let mut attempts = Attempts::default();
    loop {
        let page = list.page(store, shop, &select).await?;
        let rows = page.rows.into_iter().map(Row::of_item).collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() {
            return Ok(Walked { codes, all: page.count == 0 });
        }
        let mut rest = rows.as_slice();
        while !rest.is_empty() {
            if Instant::now() >= deadline {
                return Ok(Walked { codes, all: false });
            }
            let mut transaction = Transaction::default();
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
