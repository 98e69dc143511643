//! A flash sale: many customers claim a coupon with few places, over a model of the limits of DynamoDB's partitions
//! ([`tests::partitions`]). The number of issued codes is checked and must be exact. The times and the conflicts are
//! printed.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::retrying_clients::{self, insist, percentile};
use futures_util::future::join_all;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;
use shared::domain::quota::SHARDS;
use tests::{Api, partitions::Seen};

const PREFIX: &str = "SALE";

/// The result of one customer.
struct Claim {
    /// The time from the start of the sale to the last reply.
    answered: Duration,
    /// The time from the customer's first attempt to the last reply.
    took: Duration,
    won: bool,
    again: u32,
}

/// Lets `claims` customers claim a coupon of `places` at seeded moments within `seconds`, and prints the results.
///
/// # Panics
/// If the number of issued codes is not exactly `places`.
pub(crate) async fn run(claims: u64, places: u64, seconds: f64, seed: u64) {
    let (api, partitions) = retrying_clients::api().await;
    retrying_clients::customers(&api, claims).await;
    let rule = json!({"title": "sale", "value": "-10.00", "value_type": "fixed_amount", "allocation_limit": places});
    let coupon = json!({"code_prefix": PREFIX, "price_rule": rule});
    insist(&api, "POST", "/api/discounts/coupon/", &coupon).await.reply.assert_status(201);
    let before = partitions.seen();
    let mut random = StdRng::seed_from_u64(seed);
    let began = Instant::now();
    let crowd = (1..=claims).map(|customer| {
        let at = Duration::from_secs_f64(random.random_range(0.0..seconds));
        claim(&api, customer, at, began)
    });
    let all = join_all(crowd.collect::<Vec<_>>()).await;
    let won: Vec<_> = all.iter().filter(|claim| claim.won).collect();
    assert_eq!(won.len() as u64, places.min(claims), "codes were given away");
    let shown = api.get(&format!("/api/discounts/coupon/?code_prefix={PREFIX}")).await.assert_status(200);
    assert_eq!(shown["results"][0]["redeem_count"], places.min(claims), "codes are counted");
    report(&all, places, &before, &partitions.seen());
    api.stop().await;
}

async fn claim(api: &Api, customer: u64, at: Duration, began: Instant) -> Claim {
    tokio::time::sleep_until((began + at).into()).await;
    let path = format!("/api/discounts/coupon/{PREFIX}/redeem/");
    let answer = insist(api, "POST", &path, &json!({ "customer_id": customer })).await;
    let reply = answer.reply;
    assert!(matches!(reply.status, 201 | 409), "{} {}", reply.status, reply.text);
    Claim { answered: began.elapsed(), took: answer.took, won: reply.status == 201, again: answer.again }
}

fn report(all: &[Claim], places: u64, before: &Seen, after: &Seen) {
    let (won, lost): (Vec<&Claim>, Vec<&Claim>) = all.iter().partition(|claim| claim.won);
    let sold_out = won.iter().map(|claim| claim.answered).max().unwrap_or_default();
    let conflicts = after.conflicts - before.conflicts;
    let again: u32 = all.iter().map(|claim| claim.again).sum();
    println!("{} claims of {places} places, {SHARDS} shards: {} won, {} refused", all.len(), won.len(), lost.len());
    println!(
        "sold out after {:.1} s; {:.2} conflicts for each issued code, {} throttled calls, {again} retries after a 503 or 409",
        sold_out.as_secs_f64(),
        conflicts as f64 / won.len().max(1) as f64,
        after.throttled - before.throttled,
    );
    println!("\n| | p50 ms | p90 ms | p99 ms | slowest ms |\n|---|---:|---:|---:|---:|");
    for (name, claims) in [("won", &won), ("refused", &lost)] {
        let [p50, p90, p99, most] =
            [50, 90, 99, 100].map(|percent| percentile(claims.iter().map(|claim| claim.took), percent));
        println!("| {name} | {p50:.0} | {p90:.0} | {p99:.0} | {most:.0} |");
    }
    println!("\n| partition | write units | conflicts |\n|---|---:|---:|");
    let mut written: Vec<_> =
        after.written.iter().map(|(pk, units)| (pk, units - earlier(&before.written, pk))).collect();
    written.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (pk, units) in written.into_iter().take(12) {
        let fought = after.fought_over.get(pk).copied().unwrap_or(0);
        println!("| `{pk}` | {units:.0} | {fought} |");
    }
}

fn earlier(written: &HashMap<String, f64>, pk: &str) -> f64 {
    written.get(pk).copied().unwrap_or(0.0)
}
