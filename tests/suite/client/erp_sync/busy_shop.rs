//! A shop with concurrent writers, and a record of the time span in which each of its rows existed.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rand::{Rng, rngs::StdRng};
use rust_decimal::Decimal;
use serde_json::Value;
use tests::TOKEN;
use youhui_client::{
    Client, CodeIssue, CodeStatus, CouponCodeInput, CouponInput, CustomerInput, Error, LevelInput, List, Order,
    PriceRuleInput, RawRow, RetryPolicy,
};

/// A retry policy for a store on which one call in five fails.
const PATIENT: RetryPolicy = RetryPolicy {
    attempts: 40,
    first_wait: Duration::from_millis(5),
    longest_wait: Duration::from_millis(60),
    most_asked: Duration::from_secs(2),
};

/// The number of customers that exist from the start.
const CUSTOMERS: u64 = 40;

/// The lists that are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Levels,
    Customers,
    PointHistory,
    PriceRules,
    Coupons,
    CouponCodes,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Levels, Self::Customers, Self::PointHistory, Self::PriceRules, Self::Coupons, Self::CouponCodes];

    pub(super) fn list(self, client: &Client) -> List<RawRow> {
        match self {
            Self::Levels => client.level_list().raw(),
            Self::Customers => client.customer_list().raw(),
            Self::PointHistory => client.point_history_list().raw(),
            Self::PriceRules => client.price_rule_list().raw(),
            Self::Coupons => client.coupon_list().raw(),
            Self::CouponCodes => client.coupon_code_list().raw(),
        }
    }
}

/// The lifetime of a row in ticks. It began between `asked` and `made` and ended between `ending` and `ended`.
#[derive(Debug, Clone, Copy)]
struct Life {
    asked: u64,
    made: u64,
    ending: u64,
    ended: u64,
    /// The coupon of a code. Its deletion deletes its unused codes.
    coupon: Option<u64>,
}

/// The rows that a walk saw, and its first and last tick.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) kind: Kind,
    pub(super) began: u64,
    pub(super) ended: u64,
    pub(super) rows: Vec<RawRow>,
}

impl Seen {
    pub(super) fn ids(&self) -> impl Iterator<Item = u64> {
        self.rows.iter().map(|row| row["id"].as_u64().expect("an id"))
    }
}

/// The shop and its record.
pub(super) struct BusyShop {
    url: String,
    clock: AtomicU64,
    lives: Mutex<BTreeMap<(Kind, u64), Life>>,
    /// The rows that a writer may change or delete.
    pools: Mutex<BTreeMap<Kind, Vec<u64>>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the result of a change. `None` means that the state of the shop forbids it. Panics if the request was not
/// answered.
fn settled<T>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Error::Invalid(_) | Error::NotFound { .. } | Error::Conflict { retry_after: None, .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

impl BusyShop {
    pub(super) fn new(url: String) -> Self {
        Self { url, clock: AtomicU64::new(1), lives: Mutex::default(), pools: Mutex::default() }
    }

    pub(super) fn client(&self) -> Client {
        Client::builder(self.url.clone(), TOKEN).retry(PATIENT).build().expect("a client")
    }

    pub(super) fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    fn made(&self, kind: Kind, id: u64, asked: u64, coupon: Option<u64>) {
        let life = Life { asked, made: self.tick(), ending: u64::MAX, ended: u64::MAX, coupon };
        assert!(locked(&self.lives).insert((kind, id), life).is_none(), "{kind:?} {id} was given twice");
        locked(&self.pools).entry(kind).or_default().push(id);
    }

    /// Takes a row out of the pool for one writer.
    fn take(&self, kind: Kind, random: &mut StdRng) -> Option<u64> {
        let mut pools = locked(&self.pools);
        let pool = pools.get_mut(&kind).filter(|pool| pool.len() > 3)?;
        Some(pool.swap_remove(random.random_range(0..pool.len())))
    }

    /// Returns a row of the pool, which keeps it.
    fn any(&self, kind: Kind, random: &mut StdRng) -> Option<u64> {
        let pools = locked(&self.pools);
        let pool = pools.get(&kind).filter(|pool| !pool.is_empty())?;
        Some(pool[random.random_range(0..pool.len())])
    }

    async fn delete(&self, kind: Kind, id: u64) {
        let client = self.client();
        let life = |change: &dyn Fn(&mut Life)| change(locked(&self.lives).get_mut(&(kind, id)).expect("a life"));
        let tick = self.tick();
        life(&|life| life.ending = tick);
        let deleted = match kind {
            Kind::Levels => client.level_delete(id).await,
            Kind::PriceRules => client.price_rule_delete(id).await,
            Kind::Coupons => client.coupon_delete(id).await,
            Kind::CouponCodes => client.coupon_code_delete(id).await,
            Kind::Customers | Kind::PointHistory => unreachable!("they stay"),
        };
        let (gone, tick) = (settled(deleted).is_some(), self.tick());
        life(&|life| match gone {
            true => life.ended = tick,
            // A rule stays while a coupon uses it. A code may have gone with its coupon.
            false => life.ending = u64::MAX,
        });
    }

    /// Creates a shop with rows in every list.
    pub(super) async fn prepare(&self, random: &mut StdRng) {
        let (client, asked) = (self.client(), self.tick());
        let customers: Vec<_> = (1..=CUSTOMERS).map(|id| CustomerInput::new(id * 1000, format!("{id}"))).collect();
        client.customer_import(&customers).await.expect("customers");
        (1..=CUSTOMERS).for_each(|id| self.made(Kind::Customers, id * 1000, asked, None));
        for _ in 0..24 {
            self.level().await;
            self.rule().await;
            self.adjust(random).await;
        }
        for _ in 0..6 {
            self.coupon(random).await;
        }
        for _ in 0..8 {
            self.issue(20, random).await;
        }
    }

    /// Carries out one random change.
    pub(super) async fn step(&self, random: &mut StdRng) {
        match random.random_range(0..20) {
            0 => self.level().await,
            1 => self.rule().await,
            2 => self.coupon(random).await,
            3 => self.customer(random).await,
            4 | 5 => self.adjust(random).await,
            6 => self.order(random).await,
            7 => self.issue(30, random).await,
            8..=10 => self.issue(random.random_range(1..5), random).await,
            11 | 12 => self.pass_on(random).await,
            deleted => {
                let kind = match deleted {
                    13 | 14 => Kind::Levels,
                    15 => Kind::PriceRules,
                    16 if random.random_bool(0.3) => Kind::Coupons,
                    _ => Kind::CouponCodes,
                };
                if let Some(id) = self.take(kind, random) {
                    self.delete(kind, id).await;
                }
            }
        }
    }

    async fn level(&self) {
        let asked = self.tick();
        let level = self.client().level_create(&LevelInput::new("level")).await.expect("a level");
        self.made(Kind::Levels, level.id, asked, None);
    }

    async fn rule(&self) {
        let asked = self.tick();
        let rule = self.client().price_rule_create(&PriceRuleInput::amount_off("rule", 5)).await.expect("a rule");
        self.made(Kind::PriceRules, rule.id, asked, None);
    }

    async fn coupon(&self, random: &mut StdRng) {
        let (asked, prefix) = (self.tick(), format!("{:016x}", random.random::<u64>()));
        let coupon = CouponInput::with_rule(prefix, PriceRuleInput::percent_off("rule", 5));
        let coupon = self.client().coupon_create(&coupon).await.expect("a coupon");
        self.made(Kind::PriceRules, coupon.price_rule_id, asked, None);
        self.made(Kind::Coupons, coupon.id, asked, None);
    }

    /// Creates a customer with a random id among the others.
    async fn customer(&self, random: &mut StdRng) {
        let (asked, id) = (self.tick(), random.random_range(1..CUSTOMERS * 1_000_000) | 1);
        let new = self.client().customer_put(id, &CustomerInput::new(id, "1390")).send().await.expect("a customer");
        if new.status == 201 {
            self.made(Kind::Customers, id, asked, None);
        }
    }

    fn customer_id(random: &mut StdRng) -> u64 {
        random.random_range(1..=CUSTOMERS) * 1000
    }

    async fn adjust(&self, random: &mut StdRng) {
        let asked = self.tick();
        let entry = self.client().point_history_adjust(Self::customer_id(random), 3).await.expect("an entry");
        self.made(Kind::PointHistory, entry.id, asked, None);
    }

    async fn order(&self, random: &mut StdRng) {
        let (asked, client, customer) = (self.tick(), self.client(), Self::customer_id(random));
        let order = Order::new(random.random_range(1..1 << 50)).of_customer(customer).paid(Decimal::from(9));
        client.order_put(&order).await.expect("an order");
        let entries = client.point_history_list().customer(customer).page_size(100).await.expect("entries").results;
        let entry = entries.iter().find(|entry| entry.order.as_ref().is_some_and(|found| found.id == order.id));
        self.made(Kind::PointHistory, entry.expect("what it earned").id, asked, None);
    }

    async fn issue(&self, codes: usize, random: &mut StdRng) {
        let Some(coupon_id) = self.any(Kind::Coupons, random) else { return };
        let pair = |_| CodeIssue { customer_id: Self::customer_id(random), coupon_id };
        let (pairs, asked): (Vec<_>, _) = ((0..codes).map(pair).collect(), self.tick());
        if let Some(issued) = settled(self.client().coupon_code_issue(&pairs).await) {
            issued.results.iter().for_each(|code| self.made(Kind::CouponCodes, code.id, asked, Some(coupon_id)));
        }
    }

    /// Transfers a code, uses it or gives its use back.
    async fn pass_on(&self, random: &mut StdRng) {
        let Some(code) = self.any(Kind::CouponCodes, random) else { return };
        let mut change = CouponCodeInput::default();
        match random.random_range(0..3) {
            0 => change.customer_id = Some(Self::customer_id(random)),
            1 => change.status = Some(CodeStatus::Used),
            _ => change.status = Some(CodeStatus::Unused),
        }
        settled(self.client().coupon_code_update(code, &change).await);
    }

    /// Returns the rows that existed during the whole walk and that it did not see.
    pub(super) fn missed(&self, seen: &Seen) -> Vec<u64> {
        let lives = locked(&self.lives);
        let ids: std::collections::BTreeSet<_> = seen.ids().collect();
        let of_kind = lives.iter().filter(|((kind, _), _)| *kind == seen.kind);
        let ending = |life: &Life| {
            let coupon = life.coupon.map_or(u64::MAX, |coupon| lives[&(Kind::Coupons, coupon)].ending);
            life.ending.min(coupon)
        };
        let throughout = of_kind.filter(|(_, life)| life.made < seen.began && ending(life) > seen.ended);
        throughout.map(|((_, id), _)| *id).filter(|id| !ids.contains(id)).collect()
    }

    /// Returns the rows that a walk saw although they existed at none of its ticks.
    pub(super) fn strangers(&self, seen: &Seen) -> Vec<u64> {
        let lives = locked(&self.lives);
        let stranger = |row: &&RawRow| {
            let Some(life) = lives.get(&(seen.kind, row["id"].as_u64().expect("an id"))) else { return true };
            let coupon = life.coupon.map_or(u64::MAX, |coupon| lives[&(Kind::Coupons, coupon)].ended);
            // Used codes stay when their coupon is deleted.
            let ended =
                if row.get("status") == Some(&Value::from("unused")) { life.ended.min(coupon) } else { life.ended };
            life.asked > seen.ended || ended < seen.began
        };
        seen.rows.iter().filter(stranger).map(|row| row["id"].as_u64().expect("an id")).collect()
    }

    /// Returns the number of rows that began or ended during a walk.
    pub(super) fn disturbances(&self, seen: &Seen) -> usize {
        let during = |tick: u64| (seen.began..=seen.ended).contains(&tick);
        let lives = locked(&self.lives);
        lives.iter().filter(|((kind, _), life)| *kind == seen.kind && (during(life.made) || during(life.ended))).count()
    }

    /// Returns the rows of a list while nobody writes.
    pub(super) async fn at_rest(&self, kind: Kind) -> Vec<u64> {
        let mut walk = kind.list(&self.client()).walk();
        let mut ids = Vec::new();
        loop {
            let rows = walk.next_page().await.expect("rows");
            if rows.is_empty() {
                return ids;
            }
            ids.extend(rows.iter().map(|row| row["id"].as_u64().expect("an id")));
        }
    }
}
