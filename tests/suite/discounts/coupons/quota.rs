//! Counters with a limit: the pure shards against their specification, and the stored shards under concurrent writers.

use std::{collections::BTreeSet, time::Duration};

use crate::support::discounts::coupon;
use domain::{
    id::Id,
    quota::{Part, Quota, SHARDS, Shard},
    shop::ShopId,
};
use futures_util::future::{join, join_all};
use proptest::{
    array::uniform16,
    collection::vec,
    option::weighted,
    prelude::{Strategy, prop_oneof},
    proptest,
    test_runner::Config,
};
use serde_json::json;
use shared::Error;
use shop::discounts::{
    counters::{self, Counter, EpochChange, Shards},
    rules::rows as price_rules,
};
use store::{client::Store, transaction::Transaction};
use tests::Api;

#[derive(Debug, Clone)]
enum Step {
    Take(i64, usize),
    Give(i64, usize),
    Limit(Option<u64>),
}

fn steps() -> impl Strategy<Value = Step> {
    let start = || 0usize..256;
    prop_oneof![
        6 => (1i64..40, start()).prop_map(|(n, start)| Step::Take(n, start)),
        4 => (1i64..30, start()).prop_map(|(n, start)| Step::Give(n, start)),
        2 => weighted(0.85, 0u64..250).prop_map(Step::Limit),
    ]
}

/// Adds as the stored counters do, under their condition.
fn add(quota: &mut Quota, shard: usize, by: i64) {
    let limited = quota.limit.is_some();
    let shard = &mut quota.shards[shard];
    assert!(!limited || by <= 0 || shard.room >= by, "{by} of {shard:?}");
    shard.count += by;
    shard.room -= if limited { by } else { 0 };
}

fn limit(quota: &mut Quota, limit: Option<u64>) {
    let rooms = limit.map_or([0; SHARDS], |limit| quota.rooms(limit));
    quota.limit = limit;
    for (shard, room) in quota.shards.iter_mut().zip(rooms) {
        shard.room = room;
    }
}

fn room(quota: &Quota) -> i64 {
    quota.shards.iter().map(|shard| shard.room).sum()
}

/// Moves a part to another of the equally good shards.
fn moved(quota: &Quota, parts: Vec<Part>, draw: usize) -> Vec<Part> {
    let [(_, by)] = parts[..] else { return parts };
    let elsewhere = quota.elsewhere(parts[0]);
    if elsewhere.is_empty() { parts } else { vec![(elsewhere[draw % elsewhere.len()], by)] }
}

/// Returns the remainder of the limit. It is negative if the counter is over its limit.
fn left(quota: &Quota) -> Option<i64> {
    quota.limit.map(|limit| i64::try_from(limit).expect("a limit") - quota.count())
}

fn assert_sums_to(parts: &[Part], n: i64) {
    assert!(parts.iter().all(|(shard, part)| *shard < SHARDS && *part > 0), "{parts:?}");
    assert_eq!(parts.iter().map(|(shard, _)| shard).collect::<BTreeSet<_>>().len(), parts.len(), "{parts:?}");
    assert_eq!(parts.iter().map(|(_, part)| part).sum::<i64>(), n, "{parts:?}");
}

fn take(quota: &mut Quota, n: i64, draw: usize) {
    let parts = quota.take(n, draw);
    assert_eq!(parts.is_some(), left(quota).is_none_or(|left| n <= left));
    let Some(parts) = parts else { return };
    assert_sums_to(&parts, n);
    let room_enough = |shard: &usize| quota.limit.is_none() || quota.shards[*shard].room >= n;
    let enough: Vec<_> = (0..SHARDS).filter(room_enough).map(|shard| vec![(shard, n)]).collect();
    if !enough.is_empty() {
        let mut drawn: Vec<_> = (0..enough.len()).filter_map(|more| quota.take(n, draw + more)).collect();
        drawn.sort_unstable();
        assert_eq!(drawn, enough, "each shard that has room enough is drawn");
    }
    let parts = moved(quota, parts, draw / SHARDS);
    parts.iter().for_each(|(shard, part)| add(quota, *shard, *part));
    assert!(left(quota).is_none_or(|left| left >= 0));
}

fn give(quota: &mut Quota, n: i64, start: usize) {
    let debt = left(quota).map_or(0, |left| -left.min(0));
    let parts = quota.give(n, start);
    assert_sums_to(&parts, n);
    let paid: i64 = parts.iter().filter(|(shard, _)| quota.shards[*shard].room < 0).map(|(_, part)| part).sum();
    assert!(paid >= debt.min(n), "{parts:?} pay {paid} of {debt}");
    let back = moved(quota, parts.into_iter().map(|(shard, part)| (shard, -part)).collect(), start / SHARDS);
    back.iter().for_each(|(shard, part)| add(quota, *shard, *part));
}

fn assert_sound(quota: &Quota) {
    match left(quota) {
        None => assert_eq!((quota.left(), room(quota)), (None, 0)),
        Some(left) => {
            assert_eq!((quota.left(), room(quota)), (Some(u64::try_from(left).unwrap_or(0)), left));
            assert!(left > 0 || (0..SHARDS).all(|start| quota.take(1, start).is_none()), "taken in debt");
            let rooms = quota.shards.iter().map(|shard| shard.room);
            assert!(rooms.clone().all(|room| room >= 0) || rooms.clone().all(|room| room <= 0), "{quota:?}");
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 1_024, failure_persistence: None, ..Config::default() })]

    #[test]
    fn no_history_takes_more_than_the_limit_or_loses_what_is_given_back(history in vec(steps(), 1..120)) {
        let mut quota = Quota::default();
        let mut counted = 0;
        for step in history {
            match step {
                Step::Take(n, start) => take(&mut quota, n, start),
                Step::Give(n, start) if n <= counted => give(&mut quota, n, start),
                Step::Give(..) => {}
                Step::Limit(to) => {
                    limit(&mut quota, to);
                    assert_eq!(quota.count(), counted);
                }
            }
            counted = quota.count();
            assert!(counted >= 0);
            assert_sound(&quota);
        }
    }

    // Concurrent reads may see the shards at different times.
    #[test]
    fn whatever_the_shards_say_none_is_overdrawn(rooms in uniform16(-9i64..30), n in 1i64..300, start in 0usize..256) {
        let shards = rooms.map(|room| Shard { count: -room, room });
        let quota = Quota { limit: Some(0), shards };
        take(&mut quota.clone(), n, start);
        let mut largest: Vec<_> = rooms.iter().copied().filter(|room| *room > 0).collect();
        largest.sort_unstable_by_key(|room| -room);
        let fewest = (1..=largest.len()).find(|shards| largest[..*shards].iter().sum::<i64>() >= n);
        if let Some(parts) = quota.take(n, start) {
            assert_eq!(Some(parts.len()), fewest);
        }
        assert_sums_to(&quota.give(n, start), n);
    }
}

/// A stored counter and the rule that limits it.
#[derive(Clone)]
struct Counted {
    store: Store,
    shop: ShopId,
    counter: Counter,
    rule: Id,
}

impl Counted {
    async fn uses(api: &Api, prefix: &str, limit: u64) -> Self {
        let rule = coupon(api, prefix, &json!({ "usage_limit": limit })).await.rule;
        Self::of(api, Counter::UsesOf(rule), rule)
    }

    fn of(api: &Api, counter: Counter, rule: Id) -> Self {
        let shop = devserver::demo::SHOP.parse().expect("a shop");
        Self { store: api.server.store.clone(), shop, counter, rule }
    }

    async fn read(&self) -> Shards {
        counters::read(&self.store, &self.shop, self.counter).await.expect("a counter")
    }

    /// Takes under the stored limit of the shards. Returns true if there was enough left.
    async fn take(&self, n: u64) -> bool {
        self.planned(async |shards| Ok(shards), n).await
    }

    /// Takes under the limit of the rule, as a use does.
    async fn take_by_rule(&self, n: u64) -> bool {
        let by_rule = async |shards| {
            let rule = price_rules::get(&self.store, &self.shop, self.rule).await?;
            counters::under_limit(&self.store, &self.shop, shards, &rule).await
        };
        self.planned(by_rule, n).await
    }

    async fn planned(&self, limited: impl AsyncFn(Shards) -> Result<Shards, Error>, n: u64) -> bool {
        let plan = async || {
            let mut shards = limited(self.read().await).await?;
            let parts = shards.take(&self.store, &self.shop, n).await?.ok_or(Error::NotFound)?;
            let mut transaction = Transaction::default();
            shards.write(&mut transaction, &self.shop, &parts.into());
            Ok((transaction, ()))
        };
        match self.store.carry_out(plan).await {
            Ok(()) => true,
            Err(Error::NotFound) => false,
            Err(error) => panic!("{error}"),
        }
    }

    async fn change(&self, add: impl Fn(&Shards, &mut Transaction)) {
        let plan = async || {
            let mut transaction = Transaction::default();
            add(&self.read().await, &mut transaction);
            Ok((transaction, ()))
        };
        self.store.carry_out(plan).await.expect("changed");
    }

    async fn give(&self, n: u64) {
        self.change(|shards, transaction| shards.write(transaction, &self.shop, &shards.give(n).into())).await;
    }

    async fn change_epoch(&self, change: EpochChange) {
        self.change(|shards, transaction| shards.change_epoch(transaction, &self.shop, change)).await;
    }

    /// Takes these amounts, each until it is refused. Returns the total.
    async fn take_all(self, amounts: [u64; 2], by_rule: bool) -> i64 {
        let mut taken = 0;
        for n in amounts {
            while if by_rule { self.take_by_rule(n).await } else { self.take(n).await } {
                taken += n as i64;
            }
        }
        taken
    }

    /// Takes and gives back in turn. Returns the amount that is held in the end.
    async fn take_and_give(self, turns: u64) -> i64 {
        let mut held = 0;
        for turn in 0..turns {
            let n = 1 + turn % 3;
            if turn % 4 == 3 && held >= n {
                self.give(n).await;
                held -= n;
            } else if self.take(n).await {
                held += n;
            }
        }
        held as i64
    }
}

async fn all_at_once(work: impl Iterator<Item = impl Future<Output = i64>>) -> i64 {
    join_all(work).await.into_iter().sum()
}

#[tokio::test]
async fn takers_at_once_fill_a_limit_exactly() {
    let api = Api::empty().await;
    for (prefix, limit) in [("A", 1), ("B", 15), ("C", 100)] {
        let counted = Counted::uses(&api, prefix, limit).await;
        let taken = all_at_once((0..10).map(|_| counted.clone().take_all([3, 1], true))).await;
        let quota = counted.read().await.quota;
        assert_eq!((taken, quota.count(), quota.left()), (limit as i64, limit as i64, Some(0)));
        assert!(quota.shards.iter().all(|shard| shard.room == 0), "{quota:?}");
    }
}

#[tokio::test]
async fn a_limit_that_is_set_while_others_count_leaves_rooms_that_sum() {
    let api = Api::empty().await;
    let counted = Counted::uses(&api, "A", 0).await;
    let counting = all_at_once((0..6).map(|_| counted.clone().take_and_give(20)));
    let turning = async {
        for limit in [Some(500), Some(40), None, Some(3), Some(300)] {
            tokio::time::sleep(Duration::from_millis(30)).await;
            counted.change_epoch(EpochChange::Limit(limit)).await;
            let quota = counted.read().await.quota;
            assert_eq!(quota.limit, limit);
        }
    };
    let (held, ()) = join(counting, turning).await;
    let quota = counted.read().await.quota;
    let room: i64 = quota.shards.iter().map(|shard| shard.room).sum();
    assert_eq!((quota.count(), room), (held, 300 - held));
}

#[tokio::test]
async fn a_closed_counter_counts_nothing_however_freshly_it_was_read() {
    let api = Api::empty().await;
    let made = coupon(&api, "A", &json!({"allocation_limit": 5})).await;
    let counted = Counted::of(&api, Counter::CodesOf(made.id), made.rule);
    for turn in [EpochChange::Limit(Some(5)), EpochChange::Closed] {
        counted.change_epoch(turn).await;
    }
    let mut shards = counted.read().await;
    let parts = shards.take(&counted.store, &counted.shop, 1).await.expect("read").expect("room");
    let (mut written, mut checked) = (Transaction::default(), Transaction::default());
    shards.write(&mut written, &counted.shop, &parts.into());
    shards.check(&mut checked, &counted.shop);
    for planned in [written, checked] {
        let refused = counted.store.commit(&planned).await.expect_err("a refusal");
        assert!(refused.refused("counter"), "{refused:?}");
    }
    assert_eq!(counted.read().await.quota.count(), 0);
}

#[tokio::test]
async fn what_was_planned_before_a_turn_is_refused() {
    let api = Api::empty().await;
    for turn in [EpochChange::Limit(Some(9)), EpochChange::Lapsed(true), EpochChange::Closed] {
        let made = coupon(&api, &format!("{turn:?}").replace(|c: char| !c.is_alphanumeric(), ""), &json!({})).await;
        let counted = Counted::of(&api, Counter::CodesOf(made.id), made.rule);
        let mut shards = counted.read().await;
        let parts = shards.take(&counted.store, &counted.shop, 1).await.expect("read").expect("room");
        let (mut written, mut checked) = (Transaction::default(), Transaction::default());
        shards.write(&mut written, &counted.shop, &parts.into());
        shards.check(&mut checked, &counted.shop);
        counted.change_epoch(turn).await;
        for planned in [written, checked] {
            let refused = counted.store.commit(&planned).await.expect_err("a refusal");
            assert!(refused.refused("counter"), "{refused:?}");
        }
        assert_eq!(counted.read().await.quota.count(), 0);
    }
}
