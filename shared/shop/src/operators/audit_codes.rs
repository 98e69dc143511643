//! What coupons say of their codes: how many are used, how many were claimed with the passphrase, and how many places they
//! hold.

use chrono::Utc;
use serde_json::json;

use super::{
    attempts::Attempts,
    audit::{Report, audit_lists},
    counters::{self, Change, Counter, Shards, Turn},
    coupon_codes::{OF_COUPON, Row},
    coupons::COUPONS,
    keys, order_uses,
    pages::List,
    sequence,
    store::{Range, Store},
    transaction::Transaction,
};
use crate::{
    domain::{id::Id, shop::Shop},
    error::Error,
};

/// How often the codes of a coupon are read that are written meanwhile.
const READINGS: usize = 5;

/// Compares the counts of each coupon with its codes.
pub(super) async fn audit(store: &Store, shop: &Shop, repair: bool, report: &mut Report) -> Result<(), Error> {
    let last = sequence::last(store, &shop.id, COUPONS.name).await? >> COUPONS.row_shift;
    for partition in 0..=last {
        let pk = keys::row_partition(&shop.id, COUPONS.name, partition);
        for item in store.query(&Range { pk, ..Range::default() }).await? {
            if let Some(coupon) = super::entity::id(&item) {
                audit_lists(store, shop, vec![OF_COUPON.of(coupon)], repair, report).await?;
                audit_coupon(store, shop, coupon, repair, report).await?;
            }
        }
    }
    Ok(())
}

/// The shards of a coupon, and how many of its codes are used and claimed.
struct Counted {
    shards: Shards,
    codes: i64,
    used: i64,
    claimed: i64,
}

impl Counted {
    fn agrees(&self) -> bool {
        self.marks_agree() && self.places_agree()
    }

    fn marks_agree(&self) -> bool {
        (self.shards.used, self.shards.claimed) == (self.used, self.claimed)
    }

    fn places_agree(&self) -> bool {
        self.missing_places() == 0 && self.shards.quota.is_balanced()
    }

    /// Every code has a place. There may be more places that are taken: a used code that was deleted keeps its own, and a
    /// list that is being issued takes them ahead.
    fn missing_places(&self) -> i64 {
        (self.codes - self.shards.quota.count()).max(0)
    }
}

/// Counts the codes of a coupon between two readings of its shards.
async fn count(store: &Store, shop: &Shop, list: &List, coupon: Id) -> Result<(Counted, bool), Error> {
    let before = counters::read(store, &shop.id, Counter::CodesOf(coupon)).await?;
    let changes = list.changes(store, &shop.id).await?;
    let (mut codes, mut used, mut claimed) = (0, 0, 0);
    // A use of many codes is counted before their copies say so.
    let unstored = order_uses::unstored_codes(store, &shop.id, Utc::now()).await?;
    let pk = list.partition(&shop.id, 0);
    for item in store.query(&Range { pk, ..Range::default() }).await? {
        let code = Row::of_item(item)?.code;
        codes += 1;
        used += i64::from(code.used_at.is_some() || unstored.contains(&code.id));
        claimed += i64::from(code.claimed);
    }
    let shards = counters::read(store, &shop.id, Counter::CodesOf(coupon)).await?;
    // A use changes the tallies too, which also tell of one that was taken back meanwhile.
    let settled = shards == before && list.changes(store, &shop.id).await? == changes;
    Ok((Counted { shards, codes, used, claimed }, settled))
}

async fn audit_coupon(store: &Store, shop: &Shop, coupon: Id, repair: bool, report: &mut Report) -> Result<(), Error> {
    let list = OF_COUPON.of(coupon);
    let mut attempts = Attempts::default();
    let (mut counted, mut settled) = count(store, shop, &list, coupon).await?;
    for _ in 1..READINGS {
        if settled || counted.agrees() {
            break;
        }
        attempts.pause().await?;
        (counted, settled) = count(store, shop, &list, coupon).await?;
    }
    // Nothing is counted any more of a deleted coupon.
    if counted.shards.closed {
        return Ok(());
    }
    report.coupons += 1;
    if counted.agrees() {
        return Ok(());
    }
    if !settled {
        report.unsettled += 1;
        return Ok(());
    }
    if !counted.marks_agree() {
        let shown = |used: i64, claimed: i64| json!({"used_count": used, "redeem_count": claimed});
        let stored = shown(counted.shards.used, counted.shards.claimed);
        report.tell(format!("counts of coupon {coupon}"), stored, shown(counted.used, counted.claimed));
        if repair {
            let (used, claimed) = (counted.used - counted.shards.used, counted.claimed - counted.shards.claimed);
            let mut transaction = Transaction::default();
            counted.shards.write(&mut transaction, &shop.id, &Change { used, claimed, ..Change::default() });
            store.commit(&transaction).await?;
            report.repaired += 1;
        }
    }
    if !counted.places_agree() {
        let (quota, missing) = (&counted.shards.quota, counted.missing_places());
        let left = quota.limit.map(|limit| quota.left_under(limit).saturating_sub(missing));
        let shown = |taken: i64, left: Option<i64>| json!({"taken": taken, "left": left});
        report.tell(
            format!("places of coupon {coupon}"),
            shown(quota.count(), quota.limit.map(|_| quota.room())),
            shown(quota.count() + missing, left),
        );
        if repair {
            mend_places(store, shop, coupon, missing).await?;
            report.repaired += 1;
        }
    }
    Ok(())
}

/// Counts the places that are missing, and shares out anew what the limit leaves then.
async fn mend_places(store: &Store, shop: &Shop, coupon: Id, missing: i64) -> Result<(), Error> {
    let counter = Counter::CodesOf(coupon);
    if missing > 0 {
        let shards = counters::read(store, &shop.id, counter).await?;
        let mut transaction = Transaction::default();
        shards.mend_count(&mut transaction, &shop.id, missing);
        store.commit(&transaction).await?;
    }
    let shards = counters::read(store, &shop.id, counter).await?;
    if !shards.quota.is_balanced() {
        let mut transaction = Transaction::default();
        shards.turn(&mut transaction, &shop.id, Turn::Limit(shards.quota.limit));
        store.commit(&transaction).await?;
    }
    Ok(())
}
