//! The operator's audit: a healthy shop has no drift, damage is found and repaired, and concurrent writers do not
//! disturb it.

use crate::support::{
    audits::{audit, audited, busy_shop, damage, is_clean},
    discounts::{coupon, give, issued_ids, set_status},
    orders::{paid, put},
    points::{account, adjust, balance},
    store_customers,
};
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::NaiveDate;
use domain::shop::ShopId;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use shared::Error;
use shop::keys;
use tests::Api;

fn shop() -> ShopId {
    "demo".parse().expect("a shop")
}

/// Returns the drifts of a report.
fn drifts(report: &Value) -> Vec<String> {
    let drifts = report["drifts"].as_array().expect("drifts");
    assert_eq!(report["drift"], drifts.len());
    drifts.iter().map(|drift| drift["of"].as_str().expect("a text").to_owned()).collect()
}

#[tokio::test]
async fn a_shop_in_which_everything_happened_has_not_drifted() {
    let api = busy_shop().await;
    let report = audit(&api, false).await;
    is_clean(&report);
    let at_least = [("customers", 6), ("entries", 9), ("days", 2), ("lists", 14), ("rows", 30), ("coupons", 4)];
    for (name, least) in at_least {
        assert!(report[name].as_u64().expect("a number") >= least, "{name}: {report}");
    }
}

#[tokio::test]
async fn what_has_drifted_is_found_and_mended() {
    let api = busy_shop().await;
    let (before, today) =
        (account(&api).await, chrono::Utc::now().with_timezone(&chrono_tz::Asia::Shanghai).date_naive());
    let balance_before = balance(&api).await;
    let coupon = api.get("/api/discounts/coupon/?code_prefix=audit").await.assert_status(200)["results"][0].clone();
    let coupon_id = coupon["id"].as_u64().expect("id");
    damage(&api, &keys::account(&shop(), 1), "points", 7).await;
    damage(&api, &keys::account(&shop(), 1), "redeemed", 1_000).await;
    damage(&api, &keys::point_day(&shop(), today).shard(0), "earned", 1_000).await;
    damage(&api, &store::keys::tally(&shop(), "level", 1, 0, 0).shard(0), "c0", 9).await;
    damage(&api, &keys::counter_shard(&shop(), "codes", coupon_id, 3), "used", 5).await;
    let found = audit(&api, false).await;
    let expected = [
        "account of customer 1".to_owned(),
        format!("sums of {today}"),
        "tally of level level 1 bucket 0".to_owned(),
        format!("counts of coupon {coupon_id}"),
    ];
    assert_eq!(drifts(&found), expected, "{found}");
    assert_eq!(found["repaired"], 0);
    assert_eq!(drifts(&audit(&api, true).await), expected);
    is_clean(&audit(&api, false).await);
    assert_eq!((account(&api).await, balance(&api).await), (before, balance_before));
    assert_eq!(api.get("/api/discounts/coupon/?code_prefix=audit").await.assert_status(200)["results"][0], coupon);
    // The repaired shop works.
    adjust(&api, 1, 1).await.assert_status(201);
    is_clean(&audit(&api, false).await);
}

#[tokio::test]
async fn an_account_that_is_gone_comes_back() {
    let api = busy_shop().await;
    let balance_before = balance(&api).await;
    let (store, key) = (&api.server.store, keys::account(&shop(), 1));
    let delete = store.client().delete_item().table_name(store.table());
    let delete = delete.key(keys::PK, AttributeValue::S(key.pk)).key(keys::SK, AttributeValue::S(key.sk));
    delete.send().await.expect("deleted");
    assert_eq!(drifts(&audit(&api, true).await), ["account of customer 1"]);
    assert_eq!(balance(&api).await, balance_before);
    damage(&api, &keys::account(&shop(), 1), "entries", 0).await;
    assert_eq!(audit(&api, true).await["repaired"], 1);
    assert_eq!(balance(&api).await, balance_before);
}

#[tokio::test]
async fn a_ledger_that_is_wrong_itself_is_told_and_not_mended() {
    let api = busy_shop().await;
    damage(&api, &keys::ledger(&shop(), 1, 2), "gained", 1_000).await;
    let report = audit(&api, true).await;
    assert_eq!((drifts(&report), &report["repaired"]), (vec!["account of customer 1".to_owned()], &json!(0)));
    assert!(report["drifts"][0]["recomputed"].as_str().expect("a reason").contains("does not follow"), "{report}");
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_named() {
    let api = busy_shop().await;
    let entry = keys::ledger(&shop(), 1, 2);
    damage(&api, &entry, "created_at", 5).await;
    let Err(Error::Internal(said)) = audited(&api, false).await else { panic!("it was read") };
    assert!(said.contains(&format!("{} {}", entry.pk, entry.sk)), "{said}");
}

#[tokio::test]
async fn writers_beside_it_are_not_called_drift() {
    let api = busy_shop().await;
    let coupon = coupon(&api, "live", &json!({})).await.id;
    let codes = issued_ids(&give(&api, coupon, [1, 2]).await);
    let writers = join_all((0..4u64).map(async |writer| {
        for number in 0..12 {
            let status = if number % 2 == 0 { "used" } else { "unused" };
            let reply = match writer {
                0 => adjust(&api, 1, 1).await,
                1 => put(&api, 100 + number, &paid("3.00", "0.00")).await,
                2 => set_status(&api, codes[0], status).await,
                _ => give(&api, coupon, [2]).await,
            };
            assert!([200, 201].contains(&reply.status), "{}", reply.text);
        }
    }));
    let auditor = async {
        for _ in 0..6 {
            let report = audit(&api, true).await;
            assert_eq!((&report["drift"], &report["repaired"]), (&json!(0), &json!(0)), "{report}");
        }
    };
    join(writers, auditor).await;
    is_clean(&audit(&api, false).await);
}

#[tokio::test]
async fn an_audit_out_of_time_says_where_to_go_on() {
    let api = busy_shop().await;
    let command = json!({"action": "audit", "shop": "demo", "seconds": 0});
    let answer =
        operator::run(&api.store_of("operator").await, serde_json::from_value(command).expect("a command")).await;
    let report = serde_json::to_value(answer.expect("a report")).expect("JSON");
    assert_eq!((&report["customers"], &report["goes_on_after"]), (&json!(0), &json!(0)));
    let command = json!({"action": "audit", "shop": "demo", "after": 2});
    let answer =
        operator::run(&api.store_of("operator").await, serde_json::from_value(command).expect("a command")).await;
    let report = serde_json::to_value(answer.expect("a report")).expect("JSON");
    is_clean(&report);
    assert_eq!((&report["customers"], &report["days"]), (&json!(4), &json!(0)), "days need all customers");
}

#[test]
fn days_in_keys_are_read_back() {
    let day = NaiveDate::from_ymd_opt(2026, 2, 28).expect("a day");
    assert_eq!(keys::point_day_in(&keys::point_day(&shop(), day).shard(15).sk), Some(day));
    let (first, last) = keys::point_days_until(day);
    let inside = |day: NaiveDate| (first.clone()..=last.clone()).contains(&keys::point_day(&shop(), day).shard(15).sk);
    assert!(inside(day) && inside(day.pred_opt().expect("a day")) && !inside(day.succ_opt().expect("a day")));
}

#[tokio::test]
async fn a_customer_with_the_largest_id_is_the_last_of_a_walk() {
    let api = Api::empty().await;
    store_customers(&api, &[7, 9_007_199_254_740_991]).await;
    adjust(&api, 7, 10).await.assert_status(201);
    is_clean(&audit(&api, false).await);
    let months = json!({"action": "put_shop", "shop": "demo", "points_expire_after_months": 1});
    let command = serde_json::from_value(months).expect("a command");
    operator::run(&api.store_of("operator").await, command).await.expect("a shop");
    let run = expire_points::run(&api.store_of("expire_points").await, api.server.clock.now()).await.expect("a run");
    assert_eq!((run.failed, run.unfinished), (0, 0));
}

#[tokio::test]
async fn places_that_have_drifted_are_found_and_the_limit_holds_again() {
    let api = Api::start().await;
    store_customers(&api, &[1]).await;
    let limited = coupon(&api, "limited", &json!({"allocation_limit": 40})).await.id;
    let free = coupon(&api, "free", &json!({})).await.id;
    for coupon in [limited, free] {
        give(&api, coupon, [1; 30]).await;
    }
    let shard = |coupon| keys::counter_shard(&shop(), "codes", coupon, 0);
    let places = |coupon: u64| format!("places of coupon {coupon}");
    // A count that is too small, a remainder that is too large, and both on a coupon without a limit.
    for (coupon, attribute, value) in [(limited, "count", -9), (limited, "room", 50), (free, "count", -50)] {
        damage(&api, &shard(coupon), attribute, value).await;
        assert_eq!(drifts(&audit(&api, false).await), [places(coupon)], "{attribute}");
        let mended = audit(&api, true).await;
        assert_eq!((drifts(&mended), &mended["repaired"]), (vec![places(coupon)], &json!(1)));
        is_clean(&audit(&api, false).await);
    }
    give(&api, limited, [1; 10]).await;
    let pair = json!([{"customer_id": 1, "coupon_id": limited}]);
    assert_eq!(api.post("/api/discounts/coupon_code/", &pair).await.status, 409);
    is_clean(&audit(&api, false).await);
}
