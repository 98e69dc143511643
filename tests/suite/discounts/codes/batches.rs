//! Issues of codes that are batches. The same request finishes them, or the job undoes them. Also issues and uses over
//! a hostile store.

use std::time::Duration;

use crate::support::{
    CODES, COUPONS,
    discounts::{count, coupon, give, issued_ids, nested, set_status, shop_of},
    faults::{again, hostile, read},
    id, one,
};
use chrono::Utc;
use devserver::hostile::{Counted, Death, Dying, LastCall};
use domain::shop::ShopId;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::FieldErrors;
use shop::discounts::{
    codes::{
        issue::{self, Pair},
        rows::{CODES as LIST, OF_COUPON},
    },
    counters::{self, Counter},
};
use store::{
    batches::{self, Batch},
    pages::bulk,
};
use tests::Api;

fn shop() -> ShopId {
    "demo".parse().expect("a shop")
}

/// Begins an issue of 60 codes whose process dies after the first write. Ends the lease of the batch.
pub(crate) async fn abandoned(api: &Api, coupon: u64) -> Batch {
    let (store, shop) = (&api.server.store, shop());
    let pair = |customer| Pair { customer_id: Some(customer), coupon_id: Some(coupon), errors: FieldErrors::NONE };
    let pairs: Vec<_> = (1..=60).map(pair).collect();
    let drafts = issue::prepare(store, &shop, &pairs).await.expect("prepared").drafts;
    let begun = batches::begin(store, &shop, issue::KIND, None, &drafts, Utc::now()).await.expect("begun");
    let batch = begun.expect("a batch");
    let mut at_work = batch.clone();
    let dying = Dying::over_http(Death { after: 1, counted: Counted::Writes, last: LastCall::Unanswered });
    let its_store = api.through(dying.clone()).await;
    tokio::select! {
        ended = issue::carry_on(&its_store, &mut at_work) => panic!("it was to die: {ended:?}"),
        () = dying.died() => {}
    }
    let written = count(api, CODES).await;
    assert!(written > 0 && written < 60, "{written} of 60 codes were written");
    batches::expire_lease(&api.server.store, &batch).await.expect("expired");
    batch
}

async fn places(api: &Api, coupon: u64) -> (i64, Option<u64>) {
    let quota = counters::read(&api.server.store, &shop(), Counter::CodesOf(coupon)).await.expect("shards").quota;
    (quota.count(), quota.left())
}

#[tokio::test]
async fn the_job_undoes_what_a_dead_process_began() {
    let api = shop_of(60).await;
    let made = coupon(&api, "A", &json!({"allocation_limit": 70})).await;
    abandoned(&api, made.id).await;
    assert_eq!(places(&api, made.id).await, (60, Some(10)));
    let store = &api.store_of("finish_batches").await;
    let (first, second) = tokio::join!(finish_batches::run(store), finish_batches::run(store));
    let (first, second) = (first.expect("a run"), second.expect("a run"));
    assert_eq!((first.finished + second.finished, first.failed + second.failed), (1, 0));
    assert_eq!(count(&api, CODES).await, 0);
    assert_eq!(places(&api, made.id).await, (0, Some(70)));
    give(&api, made.id, 1..=60).await.assert_status(201);
    assert_eq!(finish_batches::run(store).await.expect("a run"), finish_batches::Report::default());
}

#[tokio::test]
async fn a_code_that_was_used_meanwhile_stays_and_keeps_its_place() {
    let api = shop_of(60).await;
    let made = coupon(&api, "A", &json!({})).await;
    abandoned(&api, made.id).await;
    let code = api.get(&format!("{CODES}?order_by=id&page_size=1")).await.ids()[0];
    set_status(&api, code, "used").await.assert_status(200);
    finish_batches::run(&api.store_of("finish_batches").await).await.expect("a run");
    assert_eq!(api.get(CODES).await.ids(), [code]);
    assert_eq!(places(&api, made.id).await.0, 1);
    assert_eq!(api.get(&one(COUPONS, made.id)).await.assert_status(200)["used_count"], 1);
}

#[tokio::test]
async fn the_codes_of_a_batch_whose_coupon_is_deleted_are_taken_back() {
    let api = shop_of(60).await;
    let made = coupon(&api, "A", &json!({})).await;
    let mut batch = abandoned(&api, made.id).await;
    api.delete(&one(COUPONS, made.id)).await.assert_status(204);
    batch = batches::adopt(&api.server.store, &shop(), &batch.id).await.expect("adopted");
    let refused = issue::carry_on(&api.server.store, &mut batch).await.expect_err("a refusal");
    assert!(matches!(refused, shared::Error::Invalid(FieldErrors::Items(items)) if items.len() == 60));
    assert_eq!(finish_batches::run(&api.store_of("finish_batches").await).await.expect("a run").failed, 0);
    let (rows, counted) = bulk::verify(&api.server.store, &shop(), &OF_COUPON.of(made.id)).await.expect("verified");
    assert_eq!((rows, counted, count(&api, CODES).await), (0, 0, 0));
}

/// Returns the body of an issue to this number of customers, from 1 on.
fn pairs(coupon: u64, customers: u64) -> Value {
    (1..=customers).map(|customer| json!({"customer_id": customer, "coupon_id": coupon})).collect()
}

#[tokio::test]
async fn the_same_key_finishes_the_batch_whose_connection_was_cut() {
    let api = shop_of(60).await;
    let made = coupon(&api, "A", &json!({"allocation_limit": 60})).await;
    let body = pairs(made.id, 60);
    let some_are_there = async {
        while count(&api, CODES).await == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        reply = api.keyed("POST", CODES, "issue-1", &body) => panic!("{} came too early", reply.status),
        () = some_are_there => {}
    }
    let store = &api.server.store;
    let due = batches::due(store).await.expect("due");
    assert_eq!(due.len(), 1);
    let at_work = api.keyed("POST", CODES, "issue-1", &body).await;
    assert_eq!((at_work.status, at_work.header("retry-after").is_empty()), (409, false));
    let batch: Batch = store.read(&store::keys::batch(&shop(), &due[0].batch)).await.expect("read").expect("a batch");
    batches::expire_lease(store, &batch).await.expect("expired");
    let finished = api.keyed("POST", CODES, "issue-1", &body).await;
    assert_eq!(issued_ids(&finished).len(), 60);
    assert_eq!(finished.header("idempotent-replayed"), "");
    let replayed = api.keyed("POST", CODES, "issue-1", &body).await;
    assert_eq!((replayed.header("idempotent-replayed"), &replayed.text), ("true", &finished.text));
    assert_eq!((count(&api, CODES).await, places(&api, made.id).await), (60, (60, Some(0))));
}

#[tokio::test]
async fn sixteen_clients_lose_no_code_over_a_hostile_store() {
    let (api, hostile) = hostile(16, 11).await;
    let made = id(&again(&api, "POST", COUPONS, "coupon", &nested("A", &json!({}))).await);
    let client = async |client: u64| {
        for round in 0..4 {
            let body = json!([{"customer_id": client, "coupon_id": made}]);
            again(&api, "POST", CODES, &format!("{client}-{round}"), &body).await.assert_status(201);
        }
    };
    join_all((1..=16).map(client)).await;
    assert!(hostile.injected() > 0);
    for path in [CODES.to_owned(), format!("{CODES}?coupon={made}"), format!("{CODES}?status=unused")] {
        assert_eq!(read(&api, &path).await["count"], 64, "{path}");
    }
    for client in 1..=16 {
        assert_eq!(read(&api, &format!("{CODES}?customer={client}")).await["count"], 4);
    }
    assert_eq!(places(&api, made).await.0, 64);
    let (rows, counted) = bulk::verify(&api.server.store, &shop(), &LIST).await.expect("verified");
    assert_eq!((rows, counted), (64, 64));
}

#[tokio::test]
async fn limits_hold_over_a_hostile_store() {
    let (api, hostile) = hostile(30, 12).await;
    let rule = json!({"allocation_limit": 12, "usage_limit": 5});
    let made = id(&again(&api, "POST", COUPONS, "coupon", &nested("A", &rule)).await);
    let issues = (1..=30).map(async |customer| {
        let body = json!([{"customer_id": customer, "coupon_id": made}]);
        again(&api, "POST", CODES, &format!("issue-{customer}"), &body).await
    });
    let replies = join_all(issues).await;
    let codes: Vec<_> = replies.iter().filter(|reply| reply.status == 201).flat_map(issued_ids).collect();
    assert!(replies.iter().all(|reply| [201, 409].contains(&reply.status)), "{replies:?}");
    assert_eq!((codes.len(), places(&api, made).await), (12, (12, Some(0))));
    let uses = codes.iter().map(async |code| {
        again(&api, "PUT", &one(CODES, code), &format!("use-{code}"), &json!({"status": "used"})).await.status
    });
    let used = join_all(uses).await.into_iter().filter(|status| *status == 200).count();
    assert_eq!((used, &read(&api, &one(COUPONS, made)).await["used_count"]), (5, &json!(5)));
    assert!(hostile.injected() > 0);
}

#[tokio::test]
async fn a_batch_over_a_hostile_store_is_whole() {
    let (api, hostile) = hostile(100, 13).await;
    let made = id(&again(&api, "POST", COUPONS, "coupon", &nested("A", &json!({"allocation_limit": 100}))).await);
    let reply = again(&api, "POST", CODES, "issue", &pairs(made, 100)).await;
    assert_eq!(issued_ids(&reply).len(), 100);
    assert_eq!(read(&api, &format!("{CODES}?coupon={made}")).await["count"], 100);
    assert_eq!(places(&api, made).await, (100, Some(0)));
    assert!(hostile.injected() > 0);
}
