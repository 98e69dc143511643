//! Many clients on one coupon: what the shards take, and what is lost (nothing).

use std::collections::BTreeMap;

use futures_util::future::join_all;
use local::{
    hostile::{Hostile, Profile},
    server::Options,
};
use serde_json::json;
use shared::{
    domain::shop::ShopId,
    table::{
        connect::Connection,
        counters::{self, Counter},
        coupon_codes::{CODES, OF_COUPON},
        pages::bulk,
    },
};
use tests::Api;

/// Issues `clients` times `codes` codes, and prints conflicts and what each shard took.
pub(crate) async fn run(clients: u64, codes: u64, conflict: f64) {
    let hostile = Hostile::over_http(Profile { conflict, ..Profile::default() }, 1);
    let http_client = Some(aws_sdk_dynamodb::config::SharedHttpClient::new(hostile.clone()));
    let options = Options { demo: false, ..Options::default() };
    let api = Api::with(options, Connection { http_client, ..Connection::default() }).await;
    let customers = (1..=clients).map(|id| json!({ "id": id })).collect();
    api.post("/api/crm/customer/", &customers).await.expect(201);
    let rule = json!({"title": "measured", "value": "-10.00", "value_type": "fixed_amount"});
    let coupon = api.post("/api/discounts/coupon/", &json!({"code_prefix": "A", "price_rule": rule})).await.expect(201);
    let coupon = coupon["id"].as_u64().expect("an id");
    let before = hostile.injected();
    let client = async |customer: u64| {
        for _ in 0..codes {
            let body = json!([{"customer_id": customer, "coupon_id": coupon}]);
            api.post("/api/discounts/coupon_code/", &body).await.expect(201);
        }
    };
    join_all((1..=clients).map(client)).await;
    let conflicts = hostile.injected() - before;
    let shop: ShopId = "demo".parse().expect("a shop");
    let store = &api.server.store;
    let all = clients * codes;
    for list in [CODES, OF_COUPON.of(coupon)] {
        assert_eq!(bulk::verify(store, &shop, &list).await.expect("verified"), (all, all), "a code was lost");
    }
    let quota = counters::read(store, &shop, Counter::CodesOf(coupon)).await.expect("a counter").quota;
    assert_eq!(quota.count(), i64::try_from(all).expect("a number"));
    println!("{all} codes by {clients} clients, {conflicts} transactions cancelled, no error, none lost\n");
    println!("| shard | codes counted on it | rows on the tallies of its number |\n|---:|---:|---:|");
    let tallies: BTreeMap<u8, i64> = bulk::shards(store, &shop, &CODES).await.expect("tallies");
    for (shard, counted) in quota.shards.iter().enumerate() {
        let tally = u8::try_from(shard).ok().and_then(|shard| tallies.get(&shard)).copied().unwrap_or(0);
        println!("| {shard} | {} | {tally} |", counted.count);
    }
}
