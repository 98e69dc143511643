//! Order snapshots that arrive concurrently and in any order.

use crate::support::{
    ORDERS, one,
    orders::{at, cancelled, paid, put, shop},
    points::{balance, entries},
};
use chrono::{DateTime, Utc};
use domain::{
    money::Hundredths,
    order::{Effects, Snapshot},
};
use futures_util::future::join_all;
use proptest::prelude::*;

#[tokio::test]
async fn twenty_of_the_same_snapshot_at_once_act_once() {
    let api = shop().await;
    for order in [paid("20.00", "0.00"), paid("20.00", "5.00"), cancelled(paid("20.00", "5.00"))] {
        join_all((0..20).map(|_| put(&api, 5, &order))).await;
    }
    let written = [("buy", 20), ("refund", -5), ("refund", -15)].map(|(kind, points)| (kind.to_owned(), points));
    assert_eq!(entries(&api).await, written);
}

#[tokio::test]
async fn newer_and_older_snapshots_at_once_end_in_the_newest() {
    let api = shop().await;
    let orders: Vec<_> = (0..12).map(|second| at(paid("24.00", &format!("{second}.00")), second)).collect();
    let replies = join_all(orders.iter().rev().chain(&orders).map(|order| put(&api, 5, order))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    assert_eq!(api.get(&one(ORDERS, 5)).await.assert_status(200)["refunded_price"], "11.00");
    assert_eq!(balance(&api).await, 13);
    let earned = entries(&api).await.into_iter().filter(|(kind, _)| kind == "buy").count();
    assert_eq!(earned, 1);
}

#[tokio::test]
async fn orders_of_one_customer_at_once_all_earn() {
    let api = shop().await;
    let order = paid("7.00", "0.00");
    join_all((1..=20).map(|id| put(&api, id, &order))).await;
    assert_eq!((balance(&api).await, entries(&api).await.len()), (140, 20));
    let order = cancelled(order);
    join_all((1..=20).map(|id| put(&api, id, &order))).await;
    assert_eq!((balance(&api).await, entries(&api).await.len()), (0, 40));
}

/// Returns the snapshots of a paid order of customer 1 whose refunds grow, second by second.
fn snapshots(paid: i64, refunds: &[i64]) -> Vec<Snapshot> {
    let mut refunded = 0;
    let snapshot = |(second, more): (i64, &i64)| {
        refunded += more;
        Snapshot {
            id: 5,
            customer_id: Some(Some(1)),
            customer_field: "customer",
            body: String::new(),
            updated_at: DateTime::<Utc>::from_timestamp(second, 0),
            paid: Some(Hundredths(paid)),
            refunded: Hundredths(refunded),
            cancelled: false,
        }
    };
    (0..).zip(refunds).map(snapshot).collect()
}

proptest! {
    #[test]
    fn whatever_order_snapshots_arrive_in_they_do_what_the_newest_says(
        paid in 0..100_000i64, refunds in proptest::collection::vec(0..30_000i64, 1..8),
        arrivals in proptest::collection::vec(any::<proptest::sample::Index>(), 0..20),
    ) {
        let snapshots = snapshots(paid, &refunds);
        let newest = snapshots.last().expect("a snapshot");
        let (mut effects, mut bought, mut reversed) = (Effects::default(), Vec::new(), 0);
        for snapshot in arrivals.iter().map(|index| index.get(&snapshots)).chain([newest]) {
            if !effects.outdate(snapshot) {
                let (after, due) = effects.after(snapshot, None).expect("a balance");
                bought.extend(due.buy);
                reversed += due.reverse;
                effects = after;
            }
        }
        let refunded: i64 = refunds.iter().sum();
        let earned = paid / 100;
        let taken = if refunded >= paid { earned } else { earned * refunded / paid };
        prop_assert_eq!((bought, reversed), (vec![earned], taken));
    }
}
