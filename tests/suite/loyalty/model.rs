//! Random histories of a shop's points against a plain model ([`book`]): every reply, every account and every entry is
//! compared.

use crate::support::{
    ACCOUNTS, ADJUST, HISTORY, LEVELS, ORDERS, REDEEM, REFUND, SIGN,
    audits::{audit, is_clean},
    one, store_customers,
};
use chrono::{DateTime, Duration, FixedOffset, NaiveDate};
use devserver::server::Options;
use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::{Value, json};
use tests::{Api, Reply};

use self::book::{AT_ONCE, Book, MONTHLY, REDEEM_POINTS, SECOND_LEVEL, SIGN_POINTS, Sent};

mod book;

#[derive(Debug, Clone)]
enum Step {
    Adjust {
        customer: usize,
        points: i64,
    },
    Sign {
        customer: usize,
    },
    Redeem {
        customer: usize,
        points: i64,
        order: Option<usize>,
    },
    /// Refunds an entry of this customer. `entry` is its index modulo the number of entries.
    Refund {
        customer: usize,
        entry: usize,
    },
    Order(Sent),
    Days {
        days: u32,
    },
    Expire,
}

fn steps() -> impl Strategy<Value = Vec<(Step, u8)>> {
    let customer = || 0..2usize;
    let sent = (0..3usize, 0..8u32, proptest::option::weighted(0.7, 0..6_000i64), 0..7_000i64, 0..6u8);
    let order = sent.prop_map(|(order, at, paid, refunded, rest)| {
        // Mostly nothing is refunded yet, and few orders are cancelled.
        let refunded = if rest < 3 { 0 } else { refunded };
        Step::Order(Sent { order, at, paid, refunded, cancelled: rest == 5 })
    });
    let points = prop_oneof![-60..0i64, 1..120i64];
    let redeem = (customer(), 1..70i64, proptest::option::weighted(0.5, 0..3usize));
    let step = prop_oneof![
        3 => (customer(), points).prop_map(|(customer, points)| Step::Adjust { customer, points }),
        2 => customer().prop_map(|customer| Step::Sign { customer }),
        5 => redeem.prop_map(|(customer, points, order)| Step::Redeem { customer, points, order }),
        3 => (customer(), 0..40usize).prop_map(|(customer, entry)| Step::Refund { customer, entry }),
        6 => order,
        2 => (0..25u32).prop_map(|days| Step::Days { days }),
        1 => Just(Step::Expire),
    ];
    // The number of times that each step is sent. It has one key, so that the second is a replay.
    proptest::collection::vec((step, prop_oneof![4 => Just(1u8), 1 => Just(2u8)]), 1..45)
}

struct World {
    api: Api,
    book: Book,
    /// The ids of the entries of each customer, in order.
    ids: [Vec<u64>; 2],
    requests: u32,
}

fn day(api: &Api) -> NaiveDate {
    api.server.clock.now().with_timezone(&chrono_tz::Asia::Shanghai).date_naive()
}

async fn world() -> World {
    let api = Api::with(Options { demo: false, ..Options::default() }, Default::default()).await;
    let start: DateTime<FixedOffset> = "2031-01-31T12:00:00+08:00".parse().expect("an instant");
    api.server.clock.advance(start.to_utc() - api.server.clock.now());
    let command = json!({"action": "put_shop", "shop": "demo", "points_expire_after_months": 1});
    operator::run(&api.store_of("operator").await, serde_json::from_value(command).expect("a command"))
        .await
        .expect("a shop");
    store_customers(&api, &[1, 2]).await;
    for level in 0..2 {
        let body = json!({
            "title": "x", "condition_points": if level == 0 { 0 } else { SECOND_LEVEL },
            "gain_points": if level == 0 { 0.5 } else { 1.0 },
            "sign_points": SIGN_POINTS[level], "redeem_points": REDEEM_POINTS[level],
            "redeem_limitation": AT_ONCE[level], "redeem_limitation_monthly": MONTHLY[level],
        });
        api.post(LEVELS, &body).await.assert_status(201);
    }
    let book = Book::new(day(&api));
    World { api, book, ids: Default::default(), requests: 0 }
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

impl World {
    /// Sends a change this number of times under one key and compares the replies.
    async fn send(&mut self, method: &str, path: &str, body: &Value, times: u8) -> Result<Reply, TestCaseError> {
        self.requests += 1;
        let key = format!("request-{}", self.requests);
        let first = self.api.keyed(method, path, &key, body).await;
        for _ in 1..times {
            let again = self.api.keyed(method, path, &key, body).await;
            prop_assert_eq!((again.status, &again.text), (first.status, &first.text));
        }
        Ok(first)
    }

    async fn take(&mut self, step: &Step, times: u8) -> TestCaseResult {
        match *step {
            Step::Adjust { customer, points } => {
                let body = json!({"customer_id": customer + 1, "points": points});
                let status = self.book.adjust(customer, points);
                self.entry(ADJUST, &body, times, (customer, status)).await?;
            }
            Step::Sign { customer } => {
                let body = json!({"customer_id": customer + 1});
                let status = self.book.sign(customer);
                self.entry(SIGN, &body, times, (customer, status)).await?;
            }
            Step::Redeem { customer, points, order } => {
                let order_id = order.map(|order| order + 1);
                let body = json!({"customer_id": customer + 1, "points": points, "order_id": order_id});
                let price = self.book.customers[customer].price(points);
                let status = self.book.redeem(customer, points, order);
                let reply = self.entry(REDEEM, &body, times, (customer, status)).await?;
                if status == 201 {
                    prop_assert_eq!(&reply["points_price"], &json!(money(price)));
                    prop_assert_eq!(&reply["order"]["id"], &json!(order_id));
                }
            }
            Step::Refund { customer, entry } => {
                let entries = self.ids[customer].len();
                if entries > 0 {
                    let entry = entry % entries;
                    let body = json!({"point_history_id": self.ids[customer][entry]});
                    let status = self.book.refund(customer, entry);
                    self.entry(REFUND, &body, times, (customer, status)).await?;
                }
            }
            Step::Order(sent) => self.order(sent, times).await?,
            Step::Days { days } => {
                self.api.server.clock.advance(Duration::days(days.into()));
                self.book.today = day(&self.api);
            }
            Step::Expire => {
                let run =
                    expire_points::run(&self.api.store_of("expire_points").await, self.api.server.clock.now()).await;
                prop_assert_eq!(run.expect("a run").failed, 0);
                self.book.expire();
            }
        }
        self.compare().await
    }

    /// Sends a change that writes one entry of a customer or is refused.
    async fn entry(
        &mut self,
        path: &str,
        body: &Value,
        times: u8,
        (customer, status): (usize, u16),
    ) -> Result<Value, TestCaseError> {
        let reply = self.send("POST", path, body, times).await?;
        prop_assert_eq!(reply.status, status, "{} {}: {}", path, body, reply.text);
        let reply = reply.json();
        if status == 201 {
            let (kind, points) = self.book.customers[customer].entries.last().expect("an entry");
            prop_assert_eq!((&reply["kind"], &reply["points"]), (&json!(kind), &json!(points)));
            prop_assert_eq!(&reply["customer"]["id"], &json!(customer + 1));
        }
        Ok(reply)
    }

    async fn order(&mut self, sent: Sent, times: u8) -> TestCaseResult {
        let body = json!({
            "customer": {"id": book::owner(sent.order) + 1},
            "financial_status": if sent.paid.is_some() { "paid" } else { "pending" },
            "order_status": if sent.cancelled { "cancelled" } else { "open" },
            "paid_price": money(sent.paid.unwrap_or(0)), "refunded_price": money(sent.refunded),
            "updated_at": format!("2031-01-01T00:00:{:02}+08:00", sent.at),
        });
        let status = self.book.order(sent);
        let reply = self.send("PUT", &one(ORDERS, sent.order + 1), &body, times).await?;
        prop_assert_eq!(reply.status, status, "{}: {}", body, reply.text);
        prop_assert_eq!(&reply.json()["refunded_price"], &json!(money(self.book.refunded(sent.order))));
        Ok(())
    }

    /// Asserts that the accounts and the newest entries equal those of the model.
    async fn compare(&mut self) -> TestCaseResult {
        for number in 0..2 {
            let (model, today) = (&self.book.customers[number], self.book.today);
            let shown = self.api.get(&one(ACCOUNTS, number + 1)).await.assert_status(200);
            let most = model.redeemable(today);
            let (expiring, at) = model
                .expiring()
                .map_or((0, Value::Null), |(points, day)| (points, json!(format!("{day}T00:00:00+08:00"))));
            let ahead = (model.level() == 0).then(|| SECOND_LEVEL - model.earned());
            for (field, expected) in [
                ("points", json!(model.balance())),
                ("earned_points", json!(model.earned())),
                ("points_to_next_level", json!(ahead)),
                ("redeemable_points", json!(most)),
                ("redeemable_price", json!(money(model.price(most)))),
                ("redeemed_this_month", json!(model.redeemed(today))),
                ("signed_today", json!(model.signed(today))),
                ("expiring_points", json!(expiring)),
                ("expiring_at", at),
            ] {
                prop_assert_eq!(&shown[field], &expected, "{} of customer {}", field, number + 1);
            }
            prop_assert_eq!(&shown["level"]["id"], &json!(model.level() + 1));
            let listed =
                self.api.get(&format!("{HISTORY}?customer={}&page_size=20", number + 1)).await.assert_status(200);
            prop_assert_eq!(&listed["count"], &json!(model.entries.len()));
            let rows = listed["results"].as_array().expect("rows");
            for (row, (kind, points)) in rows.iter().zip(model.entries.iter().rev()) {
                prop_assert_eq!((&row["kind"], &row["points"]), (&json!(kind), &json!(points)));
            }
            let known = self.ids[number].len();
            let new = rows.iter().take(model.entries.len() - known).map(|row| row["id"].as_u64().expect("an id"));
            let new: Vec<_> = new.collect();
            self.ids[number].extend(new.into_iter().rev());
        }
        Ok(())
    }
}

async fn history(steps: &[(Step, u8)]) -> TestCaseResult {
    let mut world = world().await;
    for (step, times) in steps {
        world.take(step, *times).await?;
    }
    is_clean(&audit(&world.api, false).await);
    world.api.stop().await;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12, max_shrink_iters: 150, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn every_reply_and_every_balance_is_the_models(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(history(&steps))?;
    }
}
