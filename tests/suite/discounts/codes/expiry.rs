//! The job that stores the expiry of codes. Nothing in the API depends on its progress.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use crate::support::{
    CODES,
    discounts::{
        Coupon, FUTURE, PAST, change_rule, count, coupon, coupon_on, expire_codes as expire, give, issued_ids,
        set_status, shop_of,
    },
    one,
};
use chrono::Utc;
use domain::shop::ShopId;
use expire_coupon_codes::Report;
use futures_util::{
    future::join,
    stream::{self, StreamExt},
};
use serde_json::{Value, json};
use shared::FieldErrors;
use shop::discounts::{
    codes::{
        changes::{self, CodeUpdate},
        expiry,
        rows::{CODES as LIST, OF_COUPON, OF_CUSTOMER},
    },
    rules::overlay::{EXPIRED, UNUSED, USED},
};
use store::pages::bulk;
use tests::Api;

fn shop() -> ShopId {
    "demo".parse().expect("a shop")
}

/// Returns the number of stored codes of a coupon in each class.
async fn stored(api: &Api, coupon: u64) -> [u64; 3] {
    let list = OF_COUPON.of(coupon);
    let count = async |class| list.count(&api.server.store, &shop(), Some(vec![class])).await.expect("a count");
    [count(UNUSED).await, count(USED).await, count(EXPIRED).await]
}

/// Asserts that the tallies of every list of codes are right.
async fn verified(api: &Api, coupons: &[u64], customers: &[u64]) {
    let (coupons, customers) =
        (coupons.iter().map(|id| OF_COUPON.of(*id)), customers.iter().map(|id| OF_CUSTOMER.of(*id)));
    for list in coupons.chain(customers).chain([LIST]) {
        let (rows, count) = bulk::verify(&api.server.store, &shop(), &list).await.expect("verified");
        assert_eq!(rows, count, "{list:?}");
    }
}

/// Returns the results of every filter.
async fn shown(api: &Api, coupon: u64) -> Vec<Value> {
    let mut shown = Vec::new();
    for of in ["", "&customer=3", &format!("&coupon={coupon}")] {
        for status in
            ["", "&status=unused", "&status=used", "&status=expired", "&status=available", "&status__in=used,expired"]
        {
            shown.push(api.get(&format!("{CODES}?page_size=100{of}{status}")).await.assert_status(200));
        }
    }
    shown
}

/// Creates forty codes of a coupon, four of them used, and ten codes of a coupon with another rule.
async fn world() -> (Api, Coupon, Coupon, Vec<u64>) {
    let api = shop_of(40).await;
    let (made, other) = (coupon(&api, "A", &json!({})).await, coupon(&api, "B", &json!({"ends_at": FUTURE})).await);
    let codes = issued_ids(&give(&api, made.id, 1..=40).await);
    give(&api, other.id, 1..=10).await.assert_status(201);
    for code in &codes[..4] {
        set_status(&api, *code, "used").await.assert_status(200);
    }
    (api, made, other, codes)
}

#[tokio::test]
async fn lists_say_the_same_before_and_after_the_job() {
    let (api, made, other, _) = world().await;
    assert_eq!(expire(&api).await, Report::default());
    change_rule(&api, made.rule, &json!({"ends_at": PAST})).await;
    let before = shown(&api, made.id).await;
    assert_eq!(stored(&api, made.id).await, [36, 4, 0]);
    assert_eq!(expire(&api).await, Report { rules: 1, expired: 36, ..Report::default() });
    assert_eq!(stored(&api, made.id).await, [0, 4, 36]);
    assert_eq!(shown(&api, made.id).await, before);
    assert_eq!(expire(&api).await, Report::default());

    // A later end revives the codes at once. The next run stores that.
    change_rule(&api, made.rule, &json!({"ends_at": FUTURE})).await;
    let revived = shown(&api, made.id).await;
    assert_eq!(count(&api, &format!("{CODES}?coupon={}&status=available", made.id)).await, 36);
    assert_eq!(expire(&api).await, Report { rules: 1, revived: 36, ..Report::default() });
    assert_eq!(stored(&api, made.id).await, [36, 4, 0]);
    assert_eq!(shown(&api, made.id).await, revived);
    verified(&api, &[made.id, other.id], &[1, 3, 40]).await;
}

#[tokio::test]
async fn codes_that_come_or_are_given_back_after_the_end_are_stored_as_expired() {
    let (api, made, _, codes) = world().await;
    change_rule(&api, made.rule, &json!({"ends_at": PAST})).await;
    expire(&api).await;
    assert_eq!(set_status(&api, codes[0], "unused").await.assert_status(200)["status"], "expired");
    give(&api, made.id, [7, 8]).await.assert_status(201);
    assert_eq!(stored(&api, made.id).await, [0, 3, 39]);
    assert_eq!(count(&api, &format!("{CODES}?status=expired")).await, 39);
    assert_eq!(expire(&api).await, Report::default());

    // A new coupon of the rule does not know that its codes must be stored as expired, so that the job looks again.
    let late = coupon_on(&api, "late", made.rule).await;
    give(&api, late, [1, 2, 3]).await.assert_status(201);
    assert_eq!(count(&api, &format!("{CODES}?status=expired")).await, 42);
    assert_eq!(count(&api, &format!("{CODES}?status=expired&coupon={late}")).await, 3);
    assert_eq!(expire(&api).await, Report { rules: 1, expired: 3, ..Report::default() });
    assert_eq!(count(&api, &format!("{CODES}?status=expired")).await, 42);
    verified(&api, &[made.id, late], &[1, 7]).await;
}

#[tokio::test]
async fn two_runs_at_once_store_each_code_once() {
    let (api, made, other, _) = world().await;
    change_rule(&api, made.rule, &json!({"ends_at": PAST})).await;
    let (one, two) = join(expire(&api), expire(&api)).await;
    assert_eq!((one.expired + two.expired, one.failed + two.failed), (36, 0));
    assert_eq!(stored(&api, made.id).await, [0, 4, 36]);
    verified(&api, &[made.id, other.id], &[3]).await;
}

#[tokio::test]
async fn an_end_that_moves_while_the_job_runs_is_followed() {
    let (api, made, _, _) = world().await;
    let moves = async {
        for end in [PAST, FUTURE, PAST, FUTURE, PAST] {
            change_rule(&api, made.rule, &json!({"ends_at": end})).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let runs = async {
        for _ in 0..6 {
            assert_eq!(expire(&api).await.failed, 0);
        }
    };
    join(moves, runs).await;
    assert_eq!(count(&api, &format!("{CODES}?coupon={}&status=expired", made.id)).await, 36);
    expire(&api).await;
    assert_eq!(stored(&api, made.id).await, [0, 4, 36]);
    assert_eq!(expire(&api).await, Report::default());
    verified(&api, &[made.id], &[3]).await;
}

#[tokio::test]
async fn expiry_while_codes_are_used_loses_nothing() {
    let api = shop_of(60).await;
    let clock = &api.server.clock;
    let end = clock.now() + chrono::Duration::hours(1);
    let made = coupon(&api, "A", &json!({"ends_at": end.to_rfc3339()})).await;
    let codes = issued_ids(&give(&api, made.id, 1..=60).await);
    let is_over = Cell::new(false);
    let uses = async {
        let each = codes.iter().map(async |code| set_status(&api, *code, "used").await.status);
        let mut replies = Vec::new();
        let mut each = stream::iter(each).buffered(4);
        while let Some(status) = each.next().await {
            replies.push(status);
            if replies.len() == codes.len() / 2 {
                clock.advance(chrono::Duration::hours(2));
            }
        }
        is_over.set(true);
        replies
    };
    let runs = async {
        while !is_over.get() {
            assert_eq!(expire(&api).await.failed, 0);
            // Unused codes are unused until the end of the rule and expired from then on, whatever the progress of the
            // job.
            let before = clock.now() < end;
            let unused = count(&api, &format!("{CODES}?status=unused")).await;
            let expired = count(&api, &format!("{CODES}?status=expired")).await;
            let after = clock.now() >= end;
            assert!(before == after || unused == 0 || expired == 0, "{unused} unused and {expired} expired");
        }
    };
    let (replies, ()) = join(uses, runs).await;
    let used = replies.iter().filter(|status| **status == 200).count() as u64;
    assert!(replies.iter().all(|status| [200, 409].contains(status)), "{replies:?}");
    assert!(used > 0 && used < 60, "{used} were used before the end");
    // The last of the runs may have begun before the end of the rule.
    assert_eq!(expire(&api).await.failed, 0);
    assert_eq!(stored(&api, made.id).await, [0, used, 60 - used]);
    assert_eq!(count(&api, &format!("{CODES}?status=used")).await, used);
    verified(&api, &[made.id], &[1, 60]).await;
}

#[tokio::test]
async fn the_codes_of_a_deleted_coupon_are_removed_in_the_end() {
    let (api, made, other, codes) = world().await;
    api.delete(&one(crate::support::COUPONS, made.id)).await.assert_status(204);
    let before = shown(&api, made.id).await;
    let job = api.store_of("finish_batches").await;
    let (first, second) = join(finish_batches::run(&job), finish_batches::run(&job)).await;
    let (first, second) = (first.expect("a run"), second.expect("a run"));
    assert_eq!((first.codes + second.codes, first.failed + second.failed), (36, 0));
    assert_eq!(shown(&api, made.id).await, before);
    assert_eq!(stored(&api, made.id).await, [0, 4, 0]);
    assert_eq!(finish_batches::run(&job).await.expect("a run"), finish_batches::Report::default());
    assert_eq!(api.get(&one(CODES, codes[0])).await.assert_status(200)["coupon_id"], made.id);
    verified(&api, &[made.id, other.id], &[1, 3, 40]).await;
}

#[tokio::test]
async fn a_run_that_is_behind_the_times_changes_nothing() {
    let (api, made, _, _) = world().await;
    change_rule(&api, made.rule, &json!({"ends_at": PAST})).await;
    let slow = api.distant(Duration::from_millis(40)).await;
    let stale = tokio::spawn(async move {
        let deadline = Instant::now() + Duration::from_secs(20);
        expiry::rewrite(&slow, &shop(), made.rule, Utc::now(), deadline).await.expect("settled")
    });
    while stored(&api, made.id).await[2] == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    change_rule(&api, made.rule, &json!({"ends_at": null})).await;
    expire(&api).await;
    assert_eq!(stored(&api, made.id).await, [36, 4, 0]);
    assert!(stale.await.expect("a run").done);
    assert_eq!(stored(&api, made.id).await, [36, 4, 0]);
    assert_eq!(count(&api, &format!("{CODES}?coupon={}&status=unused", made.id)).await, 36);
    verified(&api, &[made.id], &[3]).await;
}

#[tokio::test]
async fn no_use_is_given_back_to_a_coupon_that_is_deleted_meanwhile() {
    for delay in [20, 60, 100, 140, 180] {
        let (api, made, _, codes) = world().await;
        let slow = api.distant(Duration::from_millis(40)).await;
        let code = codes[0];
        let giving_back = tokio::spawn(async move {
            let draft = CodeUpdate { customer_id: None, code: None, used: Some(false), errors: FieldErrors::NONE };
            let (shop, now) = (shop(), Utc::now());
            slow.carry_out(|| changes::update(&slow, &shop, code, Ok(draft.clone()), now)).await
        });
        tokio::time::sleep(Duration::from_millis(delay)).await;
        api.delete(&one(crate::support::COUPONS, made.id)).await.assert_status(204);
        finish_batches::run(&api.store_of("finish_batches").await).await.expect("a run");
        let _ = giving_back.await.expect("ended");
        finish_batches::run(&api.store_of("finish_batches").await).await.expect("a run");
        for filter in ["status=unused".to_owned(), format!("coupon={}&status=unused", made.id)] {
            let left: Vec<u64> = api.get(&format!("{CODES}?page_size=100&{filter}")).await.ids();
            assert!(!left.contains(&code), "{delay}: {filter}");
        }
        verified(&api, &[made.id], &[1]).await;
    }
}
