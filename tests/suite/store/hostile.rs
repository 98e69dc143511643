//! The hostile layer itself: it injects the faults that DynamoDB has.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use crate::support::{LEVELS, level, one, points::adjust, store_customers};
use aws_sdk_dynamodb::{config::SharedHttpClient, types::AttributeValue};
use devserver::{
    hostile::{Chaos, Counted, Death, Dying, Hostile, LastCall, Profile},
    server::Options,
};
use domain::shop::ShopId;
use shop::{keys, operators::shops};
use store::connect::Connection;
use tests::Api;

#[tokio::test]
async fn batches_done_in_part_are_done_in_full_in_the_end() {
    let hostile = Hostile::over_http(Profile { unprocessed: 1.0, ..Profile::default() }, 1);
    let http_client = Some(SharedHttpClient::new(hostile.clone()));
    let options = Options { demo: false, ..Options::default() };
    let api = Api::with(options, Connection { http_client, ..Connection::default() }).await;
    let (store, before) = (&api.server.store, hostile.injected());
    let shop: ShopId = "batches".parse().expect("a shop");
    let rows: Vec<_> = (1..=20).map(|position| store::keys::row(&shop, "part", 0, position)).collect();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let item = |key: &keys::Key| HashMap::from([("PK".to_owned(), text(&key.pk)), ("SK".to_owned(), text(&key.sk))]);
    store.batch_put(rows.iter().map(item).collect()).await.expect("all of them");
    let written = hostile.injected();
    let found = store.batch_get(rows.clone()).await.expect("all of them");
    // The batches have 20, 10, 5, 2 and 1 items: each call but the last leaves half of its items unprocessed.
    assert!(written - before >= 4 && hostile.injected() - written >= 4, "faults were injected into both");
    let places: BTreeSet<_> = found.iter().map(|item| item["SK"].as_s().expect("a text").clone()).collect();
    assert_eq!(found.len(), rows.len());
    assert_eq!(places, rows.into_iter().map(|key| key.sk).collect());
    api.stop().await;
}

#[tokio::test]
async fn updates_that_meet_conflicts_count_once_each() {
    let api = Api::empty().await;
    let hostile = Hostile::over_http(Profile { conflict: 0.5, ..Profile::default() }, 5);
    let store = api.through(hostile.clone()).await;
    let shop: ShopId = "updates".parse().expect("a shop");
    for id in 1..=20 {
        assert_eq!(store::sequence::next(&store, &shop, "part").await.expect("an id"), id);
    }
    assert!(hostile.injected() > 5, "{}", hostile.injected());
    api.stop().await;
}

#[tokio::test]
async fn what_a_server_makes_ready_meets_no_faults() {
    let shop: ShopId = "demo".parse().expect("a shop");
    let hostile = Hostile::over_http(Profile { server_error: 1.0, ..Profile::default() }, 1);
    let http_client = Some(SharedHttpClient::new(hostile));
    let api = Api::with(Options::default(), Connection { http_client, ..Connection::default() }).await;
    shops::get(&api.server.store, &shop).await.expect_err("every call fails");
    let ready = api.server.store_without_faults().await.expect("a store");
    assert!(shops::get(&ready, &shop).await.expect("an answer").is_some());
    api.stop().await;
}

/// One call in three fails, and now and then all five attempts of a call. The client of the suite under
/// `YOUHUI_TEST_CHAOS` then retries after the 503, and each change happens once. Many more faults would use up the
/// SDK's retry budget.
#[tokio::test]
async fn a_client_that_is_used_to_faults_gets_each_change_once() {
    let profile = Profile { server_error: 0.2, timeout_after: 0.15, ..Profile::default() };
    let api = Api::under(Chaos { profile, seed: 11 }).await;
    store_customers(&api, &[1]).await;
    for points in 1..=20 {
        adjust(&api, 1, points).await.assert_status(201);
    }
    assert_eq!(api.get("/api/loyalty/account/1/").await.assert_status(200)["points"], 210);
    for title in ["silver", "gold", "platinum"] {
        let level = level(&api, title).await;
        api.delete(&one(LEVELS, level)).await.assert_status(204);
    }
    assert_eq!(api.get(LEVELS).await.assert_status(200)["count"], 0);
    assert!(api.faults() > 30, "{}", api.faults());
    api.stop().await;
}

#[test]
fn a_profile_is_named_and_its_seed_can_be_given() {
    let harsh: Chaos = "harsh@7".parse().expect("a profile and a seed");
    assert_eq!((harsh.seed, harsh.profile.conflict), (7, Profile::HARSH.conflict));
    let mild: Chaos = "mild".parse().expect("a profile");
    assert_eq!(mild.profile.conflict, Profile::MILD.conflict);
    for wrong in ["", "wild", "mild@", "mild@x", "@7", "mild@-1"] {
        assert!(wrong.parse::<Chaos>().is_err(), "{wrong:?}");
    }
}

/// Sends two counts through a client whose process dies. Returns the number of replies and the stored count.
async fn counted_by_the_dying(death: Death) -> (usize, u64) {
    let api = Api::empty().await;
    let key = store::keys::sequence(&"dying".parse().expect("a shop"), "part");
    let dying = Dying::over_http(death);
    let store = api.through(dying.clone()).await;
    let heard = std::cell::Cell::new(0);
    let counts = async {
        for _ in 0..2 {
            store.get(&key).await.expect("a read");
            store.add(&key, "last", 1).await.expect("a count");
            heard.set(heard.get() + 1);
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = counts => {}
        () = dying.died() => {}
    }
    // A connection without the environment's faults, because a lost reply counts twice.
    let last = api.distant(Duration::ZERO).await.add(&key, "last", 1).await.expect("a count") - 1;
    api.stop().await;
    (heard.get(), last)
}

#[tokio::test]
async fn a_process_dies_before_a_call_or_after_its_effect() {
    let at = |after, counted, last| Death { after, counted, last };
    let (calls, writes) = (Counted::Calls, Counted::Writes);
    assert_eq!(counted_by_the_dying(at(1, calls, LastCall::NotSent)).await, (0, 0));
    assert_eq!(counted_by_the_dying(at(1, calls, LastCall::Unanswered)).await, (0, 1));
    assert_eq!(counted_by_the_dying(at(2, calls, LastCall::Unanswered)).await, (1, 1));
    assert_eq!(counted_by_the_dying(at(1, writes, LastCall::NotSent)).await, (1, 1));
    assert_eq!(counted_by_the_dying(at(1, writes, LastCall::Unanswered)).await, (1, 2));
}
