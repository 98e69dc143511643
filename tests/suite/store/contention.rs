//! Contention on one item over a model of DynamoDB's partitions ([`tests::partitions`]).

use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::{
    CODES, COUPONS,
    audits::{audit, is_clean},
    detail,
    discounts::{count, coupon},
    store_customers,
};
use aws_sdk_dynamodb::config::SharedHttpClient;
use devserver::server::Options;
use domain::{
    quota::{Quota, SHARDS},
    shop::ShopId,
};
use futures_util::future::join_all;
use serde_json::json;
use shop::{
    discounts::counters::{self, Counter},
    keys,
};
use store::{
    client::Store,
    connect::Connection,
    pages::{List, ONLY, bulk},
    transaction::Transaction,
};
use tests::{
    Api, Reply,
    partitions::{Model, Partitions},
};

fn demo() -> ShopId {
    devserver::demo::SHOP.parse().expect("a shop")
}

/// Creates a shop with customers from 1 on, over this model of the partitions.
async fn shop_of(customers: u64, model: Model) -> (Api, Partitions) {
    let partitions = Partitions::over_http(model);
    let http_client = Some(SharedHttpClient::new(partitions.clone()));
    let options = Options { demo: false, ..Options::default() };
    let api = Api::with(options, Connection { http_client, ..Connection::default() }).await;
    store_customers(&api, &(1..=customers).collect::<Vec<_>>()).await;
    (api, partitions)
}

async fn claim(api: &Api, customer: u64) -> Reply {
    api.post(&format!("{COUPONS}SALE/redeem/"), &json!({ "customer_id": customer })).await
}

async fn places(api: &Api, coupon: u64) -> Quota {
    counters::read(&api.server.store, &demo(), Counter::CodesOf(coupon)).await.expect("a counter").quota
}

#[tokio::test]
async fn sixty_claims_at_once_of_twenty_places_take_just_these() {
    let (api, partitions) = shop_of(60, Model::default()).await;
    let sale = coupon(&api, "SALE", &json!({"allocation_limit": 20})).await;
    let replies = join_all((1..=60).map(|customer| claim(&api, customer))).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!(won.len(), 20);
    for reply in lost {
        detail(reply, 409, &format!("Coupon {} has 0 codes left to issue.", sale.id));
    }
    assert!(partitions.seen().conflicts > 0, "they did not meet");
    let quota = places(&api, sale.id).await;
    assert_eq!((quota.count(), quota.left()), (20, Some(0)));
    assert!(quota.shards.iter().all(|shard| shard.room == 0), "{quota:?}");
    assert_eq!(count(&api, &format!("{CODES}?coupon={}", sale.id)).await, 20);
    is_clean(&audit(&api, false).await);
}

#[tokio::test]
async fn a_claim_of_what_is_sold_out_writes_nothing() {
    let (api, partitions) = shop_of(2, Model::NEAR).await;
    coupon(&api, "SALE", &json!({"allocation_limit": 1})).await;
    claim(&api, 1).await.assert_status(201);
    let before = partitions.seen().written;
    assert_eq!(claim(&api, 2).await.status, 409);
    assert_eq!(partitions.seen().written, before);
}

#[tokio::test]
async fn a_place_is_taken_on_the_one_shard_that_nobody_holds() {
    let (api, partitions) = shop_of(2, Model::NEAR).await;
    let sale = coupon(&api, "SALE", &json!({"allocation_limit": 160})).await;
    claim(&api, 1).await.assert_status(201);
    let free = 7;
    for shard in (0..SHARDS).filter(|shard| *shard != free) {
        partitions.hold(&keys::counter_shard(&demo(), "codes", sale.id, shard));
    }
    let before = places(&api, sale.id).await.shards[free].count;
    claim(&api, 2).await.assert_status(201);
    assert_eq!(places(&api, sale.id).await.shards[free].count, before + 1);
}

static ROWS: List = List::dense("contention");

async fn insert(store: &Store, positions: std::ops::Range<u64>) {
    for position in positions {
        let mut transaction = Transaction::default();
        ROWS.insert(&mut transaction, "row", &demo(), (position, ONLY), &json!({ "id": position })).expect("a row");
        store.commit(&transaction).await.expect("written");
    }
}

/// Returns the number of rows that each shard of the top tally counts.
async fn shards(store: &Store) -> [i64; SHARDS] {
    let counted = bulk::shards(store, &demo(), &ROWS).await.expect("tallies");
    std::array::from_fn(|shard| counted.get(&(shard as u8)).copied().unwrap_or(0))
}

#[tokio::test]
async fn what_relies_on_an_item_that_another_writes_is_planned_anew() {
    let api = Api::empty().await;
    let partitions = Partitions::over_http(Model::NEAR);
    let store = api.through(partitions.clone()).await;
    let held = ROWS.key(&demo(), 1);
    partitions.hold(&held);
    let plans = AtomicU32::new(0);
    let plan = async || {
        if plans.fetch_add(1, Ordering::Relaxed) == 2 {
            partitions.let_go(&held);
        }
        let mut transaction = Transaction::default();
        ROWS.insert(&mut transaction, "row", &demo(), (1, ONLY), &json!({ "id": 1 }))?;
        Ok((transaction, ()))
    };
    store.carry_out(plan).await.expect("written");
    assert_eq!(plans.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn writers_of_tallies_keep_apart_after_they_met_and_draw_together_again() {
    let api = Api::empty().await;
    let partitions = Partitions::over_http(Model::NEAR);
    let store = api.through(partitions.clone()).await;
    insert(&store, 0..5).await;
    assert_eq!(shards(&store).await[0], 5);
    let first = store::keys::tally(&demo(), ROWS.name, 1, 0, 0).shard(0);
    partitions.hold(&first);
    insert(&store, 5..15).await;
    assert_eq!(shards(&store).await[0], 5);
    partitions.let_go(&first);
    let met = partitions.seen().conflicts;
    // As many inserts as reduce the spread from all shards to one by halving.
    insert(&store, 15..80).await;
    let together = shards(&store).await;
    insert(&store, 80..90).await;
    assert_eq!((shards(&store).await[0], partitions.seen().conflicts), (together[0] + 10, met));
}
