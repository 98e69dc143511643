//! Points that expire: first in, first out, after the shop's number of months.

use crate::support::{
    LEVELS,
    points::{account, adjust, balance, entries, redeem, refund},
    store_customers,
};
use chrono::{DateTime, Duration, Months, NaiveDate, Utc};
use domain::{
    point_expiry::{is_over, last_day},
    shop::Shop,
};
use expire_points::Report;
use futures_util::future::join_all;
use proptest::prelude::*;
use serde_json::{Value, json};
use tests::Api;

/// Sets the number of months after which points of the demo shop expire.
async fn set_months(api: &Api, months: u32) {
    let command = json!({"action": "put_shop", "shop": "demo", "points_expire_after_months": months});
    operator::run(&api.store_of("operator").await, serde_json::from_value(command).expect("a command"))
        .await
        .expect("a shop");
}

/// Creates a shop with customer 1 whose clock stands at noon of a day and whose instances do not cache tokens.
async fn shop(day: &str, months: u32) -> Api {
    let options =
        devserver::server::Options { demo: false, remember_tokens: std::time::Duration::ZERO, ..Default::default() };
    let api = Api::with(options, Default::default()).await;
    move_to(&api, day);
    set_months(&api, months).await;
    store_customers(&api, &[1]).await;
    api.post(LEVELS, &json!({"title": "x", "redeem_points": 1})).await.assert_status(201);
    api
}

/// Moves the clock to noon of a day in Shanghai.
fn move_to(api: &Api, day: &str) {
    let noon: DateTime<Utc> =
        format!("{day}T12:00:00+08:00").parse::<DateTime<chrono::FixedOffset>>().expect("a day").to_utc();
    api.server.clock.advance(noon - api.server.clock.now());
}

async fn expire(api: &Api) -> Report {
    expire_points::run(&api.store_of("expire_points").await, api.server.clock.now()).await.expect("a run")
}

async fn expiring(api: &Api) -> (i64, Value) {
    let shown = account(api).await;
    (shown["expiring_points"].as_i64().expect("points"), shown["expiring_at"].clone())
}

#[tokio::test]
async fn without_a_setting_nothing_expires() {
    let api = shop("2030-01-31", 0).await;
    adjust(&api, 1, 100).await.assert_status(201);
    assert_eq!(expiring(&api).await, (0, Value::Null));
    move_to(&api, "2040-01-31");
    assert_eq!(expire(&api).await, Report::default());
    assert_eq!(balance(&api).await, 100);
}

#[tokio::test]
async fn points_of_31_january_that_live_a_month_end_with_february() {
    let api = shop("2030-01-31", 1).await;
    adjust(&api, 1, 100).await.assert_status(201);
    assert_eq!(expiring(&api).await, (100, json!("2030-03-01T00:00:00+08:00")));
    for day in ["2030-02-27", "2030-02-28"] {
        move_to(&api, day);
        assert_eq!(expire(&api).await, Report::default(), "{day}");
    }
    move_to(&api, "2030-03-01");
    assert_eq!(expire(&api).await, Report { customers: 1, points: 100, ..Report::default() });
    assert_eq!(entries(&api).await, [("manual".to_owned(), 100), ("expire".to_owned(), -100)]);
    assert_eq!((balance(&api).await, expiring(&api).await), (0, (0, Value::Null)));
    assert_eq!(expire(&api).await, Report::default());
}

#[tokio::test]
async fn first_in_first_out_and_only_what_was_not_consumed() {
    let api = shop("2030-01-10", 12).await;
    adjust(&api, 1, 100).await.assert_status(201);
    move_to(&api, "2030-02-10");
    adjust(&api, 1, 50).await.assert_status(201);
    assert_eq!(expiring(&api).await, (100, json!("2031-01-11T00:00:00+08:00")));
    redeem(&api, 30).await.assert_status(201);
    assert_eq!(expiring(&api).await, (70, json!("2031-01-11T00:00:00+08:00")));
    adjust(&api, 1, -70).await.assert_status(201);
    assert_eq!(expiring(&api).await, (50, json!("2031-02-11T00:00:00+08:00")));
    move_to(&api, "2031-02-10");
    assert_eq!(expire(&api).await, Report::default());
    redeem(&api, 20).await.assert_status(201);
    move_to(&api, "2031-02-11");
    assert_eq!(expire(&api).await.points, 30);
    assert_eq!(balance(&api).await, 0);
}

#[tokio::test]
async fn until_the_job_has_written_it_points_that_are_over_can_be_spent() {
    let api = shop("2030-01-10", 1).await;
    adjust(&api, 1, 100).await.assert_status(201);
    move_to(&api, "2030-02-15");
    assert_eq!(expiring(&api).await, (100, json!("2030-02-11T00:00:00+08:00")));
    redeem(&api, 60).await.assert_status(201);
    assert_eq!(expire(&api).await.points, 40);
    assert_eq!(redeem(&api, 1).await.status, 400);
}

#[tokio::test]
async fn a_refunded_redemption_is_earned_anew() {
    let api = shop("2030-01-10", 1).await;
    adjust(&api, 1, 100).await.assert_status(201);
    let redemption = redeem(&api, 60).await.assert_status(201);
    move_to(&api, "2030-02-05");
    refund(&api, &redemption).await.assert_status(201);
    assert_eq!(expiring(&api).await, (40, json!("2030-02-11T00:00:00+08:00")));
    move_to(&api, "2030-02-20");
    assert_eq!(expire(&api).await.points, 40);
    assert_eq!(expiring(&api).await, (60, json!("2030-03-06T00:00:00+08:00")));
    move_to(&api, "2030-03-06");
    assert_eq!(expire(&api).await.points, 60);
}

#[tokio::test]
async fn expiry_does_not_lower_the_level() {
    let api = shop("2030-01-10", 1).await;
    adjust(&api, 1, 100).await.assert_status(201);
    move_to(&api, "2030-03-10");
    expire(&api).await;
    assert_eq!(account(&api).await["earned_points"], 100);
}

#[tokio::test]
async fn a_setting_that_is_changed_counts_for_what_was_earned_before() {
    let api = shop("2030-01-10", 0).await;
    adjust(&api, 1, 100).await.assert_status(201);
    move_to(&api, "2030-06-10");
    adjust(&api, 1, 10).await.assert_status(201);
    set_months(&api, 12).await;
    assert_eq!(expire(&api).await, Report::default());
    assert_eq!(expiring(&api).await, (100, json!("2031-01-11T00:00:00+08:00")));
    set_months(&api, 2).await;
    assert_eq!(expire(&api).await.points, 100);
    assert_eq!(expiring(&api).await, (10, json!("2030-08-11T00:00:00+08:00")));
    set_months(&api, 0).await;
    move_to(&api, "2050-01-01");
    assert_eq!(expire(&api).await, Report::default());
    assert_eq!(balance(&api).await, 10);
}

#[tokio::test]
async fn many_entries_and_customers_are_searched_through() {
    let api = shop("2030-01-10", 1).await;
    store_customers(&api, &[2, 3]).await;
    for number in 0..60 {
        adjust(&api, 1, if number % 3 == 2 { -1 } else { 2 }).await.assert_status(201);
        if number == 39 {
            move_to(&api, "2030-02-01");
        }
    }
    for customer in [2, 3] {
        adjust(&api, customer, 5).await.assert_status(201);
    }
    // 40 entries on 10 January gained 54 points, and 20 points were lost in all.
    assert_eq!(expiring(&api).await, (34, json!("2030-02-11T00:00:00+08:00")));
    move_to(&api, "2030-02-11");
    assert_eq!(expire(&api).await, Report { customers: 1, points: 34, ..Report::default() });
    assert_eq!(expiring(&api).await, (26, json!("2030-03-02T00:00:00+08:00")));
    move_to(&api, "2030-03-02");
    assert_eq!(expire(&api).await, Report { customers: 3, points: 36, ..Report::default() });
}

#[tokio::test]
async fn runs_at_once_and_redemptions_beside_them_expire_no_point_twice() {
    let api = shop("2030-01-10", 1).await;
    adjust(&api, 1, 100).await.assert_status(201);
    move_to(&api, "2030-01-20");
    adjust(&api, 1, 50).await.assert_status(201);
    move_to(&api, "2030-02-15");
    let runs = join_all((0..6).map(|_| expire(&api)));
    let redemptions = join_all((0..6).map(|_| redeem(&api, 10)));
    let (runs, redeemed) = futures_util::future::join(runs, redemptions).await;
    assert!(runs.iter().all(|run| run.failed == 0), "{runs:?}");
    let redeemed = redeemed.iter().filter(|reply| reply.status == 201).count();
    let expired: Vec<_> = entries(&api).await.into_iter().filter(|(kind, _)| kind == "expire").collect();
    assert_eq!(expired.len(), 1, "{expired:?}");
    let spent = i64::try_from(redeemed).expect("few") * 10;
    let before: i64 =
        entries(&api).await.iter().take_while(|(kind, _)| kind != "expire").map(|(_, points)| points).sum();
    assert_eq!(expired[0].1, -(before - 50), "what was consumed first is not lost");
    assert_eq!(balance(&api).await, 150 + expired[0].1 - spent);
}

#[tokio::test]
async fn operators_cannot_set_more_than_a_century() {
    let api = Api::empty().await;
    let command = json!({"action": "put_shop", "shop": "demo", "points_expire_after_months": 1201});
    let answer =
        operator::run(&api.store_of("operator").await, serde_json::from_value(command).expect("a command")).await;
    assert!(matches!(answer, Err(shared::Error::Invalid(_))), "{answer:?}");
}

#[test]
fn a_day_whose_midnight_the_clock_skips_begins_after_it() {
    let shop = |zone: &str| Shop { zone: zone.parse().expect("a zone"), ..Shop::new("demo".parse().expect("a shop")) };
    let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
    for (zone, date, start) in [
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
        ("America/Sao_Paulo", "2018-11-05", "2018-11-05T02:00:00Z"),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"),
        ("Asia/Shanghai", "2030-03-01", "2030-02-28T16:00:00Z"),
    ] {
        let instant = shop(zone).start_of(day(date)).expect("an instant");
        assert_eq!(instant, start.parse::<DateTime<Utc>>().expect("an instant"), "{zone} {date}");
        assert_eq!(shop(zone).day(instant), day(date));
    }
}

fn days() -> impl Strategy<Value = NaiveDate> {
    (0..40_000i64).prop_map(|days| NaiveDate::from_ymd_opt(1990, 1, 1).expect("a day") + Duration::days(days))
}

proptest! {
    #[test]
    fn later_days_never_end_earlier_and_every_day_lives_its_months(
        first in days(), later in 0..400i64, months in 1..=Shop::MAX_MONTHS,
    ) {
        let shop = Shop { points_expire_after_months: months, ..Shop::new("demo".parse().expect("a shop")) };
        let later = first + Duration::days(later);
        let (one, other) = (last_day(&shop, first).expect("a day"), last_day(&shop, later).expect("a day"));
        prop_assert!(one <= other);
        prop_assert!(!is_over(&shop, first, one) && is_over(&shop, first, one + Duration::days(1)));
        // The expiry is that number of months later, on the same day or on the last day of the month.
        prop_assert_eq!(Some(one), first.checked_add_months(Months::new(months)));
    }
}
