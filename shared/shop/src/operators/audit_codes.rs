//! Audit of the counters of coupons: the numbers of used codes, of claimed codes and of taken quota places are compared
//! with the codes.

use chrono::Utc;
use serde_json::json;

use crate::{
    discounts::{
        codes::rows::{OF_COUPON, Row},
        counters::{self, Change, Counter, EpochChange, Shards},
        coupons::rows::COUPONS,
    },
    keys,
    operators::audit_report::{Report, audit_lists},
    orders,
};
use domain::{error::Error, id::Id, shop::Shop};
use store::{
    attempts::Attempts,
    client::{Range, Store},
    pages::List,
    sequence,
    transaction::Transaction,
};

/// Largest number of readings of a coupon's codes that are written during each of them.
const READINGS: usize = 5;

/// Compares the counters of every coupon with its codes.
pub(crate) async fn audit(store: &Store, shop: &Shop, repair: bool, report: &mut Report) -> Result<(), Error> {
    let last = sequence::last(store, &shop.id, COUPONS.name).await? >> COUPONS.row_shift;
    for partition in 0..=last {
        let pk = keys::row_partition(&shop.id, COUPONS.name, partition);
        for item in store.query(&Range { pk, ..Range::default() }).await? {
            if let Some(coupon) = store::entity::id(&item) {
                audit_lists(store, shop, vec![OF_COUPON.of(coupon)], repair, report).await?;
                audit_coupon(store, shop, coupon, repair, report).await?;
            }
        }
    }
    Ok(())
}

/// The quota shards of a coupon, with the numbers of its codes, used codes and claimed codes.
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

    /// Returns the number of codes without a quota place. Every code must have one. More places than codes may be
    /// taken: a deleted used code keeps its place, and an issue of many codes takes its places first.
    fn missing_places(&self) -> i64 {
        (self.codes - self.shards.quota.count()).max(0)
    }
}

/// Counts the codes of a coupon between two readings of its quota shards. The flag is true if nothing changed in
/// between.
async fn count(store: &Store, shop: &Shop, list: &List, coupon: Id) -> Result<(Counted, bool), Error> {
    let before = counters::read(store, &shop.id, Counter::CodesOf(coupon)).await?;
    let changes = list.changes(store, &shop.id).await?;
    let (mut codes, mut used, mut claimed) = (0, 0, 0);
    // A use of many codes is counted before every copy of the codes says so.
    let unstored = orders::uses::unstored_codes(store, &shop.id, Utc::now()).await?;
    let pk = list.partition(&shop.id, 0);
    for item in store.query(&Range { pk, ..Range::default() }).await? {
        let code = Row::of_item(item)?.code;
        codes += 1;
        used += i64::from(code.used_at.is_some() || unstored.contains(&code.id));
        claimed += i64::from(code.claimed);
    }
    let shards = counters::read(store, &shop.id, Counter::CodesOf(coupon)).await?;
    // A use also changes the tallies. They show a use that was taken back between the two readings.
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
    // The counter of a deleted coupon is closed.
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

/// Adds the missing quota places to the count, then distributes over the shards what the limit leaves.
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
        shards.change_epoch(&mut transaction, &shop.id, EpochChange::Limit(shards.quota.limit));
        store.commit(&transaction).await?;
    }
    Ok(())
}
