//! Conflicts: many clients change one object at the same time, over a model of the limits of DynamoDB's partitions
//! ([`tests::partitions`]). The object is a coupon, a limited rule, a customer or an order. The result is checked and
//! must be exact.

use std::time::{Duration, Instant};

use crate::retrying_clients;
use futures_util::future::join_all;
use serde_json::json;
use shared::domain::quota::SHARDS;
use tests::{Api, partitions::Seen};

mod shared_objects;

use shared_objects::{Coupon, Customer, Limit, Order, Thing};

/// The results of one client.
#[derive(Default)]
struct Done {
    /// The times of its accepted requests.
    took: Vec<Duration>,
    /// The number of requests that were refused because a limit was reached.
    refused: u64,
    /// The number of times that it sent a request again.
    again: u64,
}

/// Runs each number of clients for `time` on each kind of object, and prints a table.
pub(crate) async fn run(clients: &[u64], time: Duration, seed: u64) {
    println!("{SHARDS} shards\n");
    println!(
        "| object: change | clients | done a second | refused a second | conflicts for each | throttled for each | retries | p50 ms | p99 ms | most throttled partition |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---|");
    for &clients in clients {
        measure::<Coupon>(clients, time, seed).await;
    }
    for &clients in clients {
        measure::<Limit>(clients, time, seed).await;
    }
    for &clients in clients {
        measure::<Customer>(clients, time, seed).await;
    }
    for &clients in clients {
        measure::<Order>(clients, time, seed).await;
    }
}

async fn measure<T: Thing>(clients: u64, time: Duration, seed: u64) {
    let (api, partitions) = retrying_clients::api().await;
    retrying_clients::customers(&api, clients).await;
    let thing = T::make(&api, clients, seed).await;
    let before = partitions.seen();
    let began = Instant::now();
    let client = async |client: u64| {
        let mut done = Done::default();
        while began.elapsed() < time {
            let answer = thing.change(&api, client).await;
            done.again += u64::from(answer.again);
            match answer.reply.status {
                200 | 201 => done.took.push(answer.took),
                status => {
                    assert_eq!(status, 409, "{}", answer.reply.text);
                    done.refused += 1;
                }
            }
        }
        done
    };
    let all = join_all((1..=clients).map(client)).await;
    let took = began.elapsed();
    let after = partitions.seen();
    thing.verify(&api, all.iter().map(|done| done.took.len() as u64).sum()).await;
    audit(&api).await;
    println!("| {} | {clients} | {} |", T::NAME, row(&all, took, (&before, &after)));
    api.stop().await;
}

fn row(all: &[Done], took: Duration, (before, after): (&Seen, &Seen)) -> String {
    let done: usize = all.iter().map(|done| done.took.len()).sum();
    let refused: u64 = all.iter().map(|done| done.refused).sum();
    let again: u64 = all.iter().map(|done| done.again).sum();
    let of_each = |count: u64| count as f64 / done.max(1) as f64;
    let [p50, p99] =
        [50, 99].map(|percent| retrying_clients::percentile(all.iter().flat_map(|done| &done.took).copied(), percent));
    format!(
        "{:.0} | {:.0} | {:.2} | {:.2} | {again} | {p50:.0} | {p99:.0} | {}",
        done as f64 / took.as_secs_f64(),
        refused as f64 / took.as_secs_f64(),
        of_each(after.conflicts - before.conflicts),
        of_each(after.throttled - before.throttled),
        throttled_most(before, after),
    )
}

/// Returns the partition that throttled the most calls during the run, and their number.
fn throttled_most(before: &Seen, after: &Seen) -> String {
    let earlier = |place| before.overdrawn.get(place).copied().unwrap_or(0);
    let refused = after.overdrawn.iter().map(|(place, count)| (count - earlier(place), place));
    match refused.max() {
        Some((count, (pk, writes))) if count > 0 => {
            format!("{pk}: {count} {}", if *writes { "writes" } else { "reads" })
        }
        _ => "-".to_owned(),
    }
}

/// Checks that every stored sum is right.
async fn audit(api: &Api) {
    let command = json!({"action": "audit", "shop": devserver::demo::SHOP, "seconds": 600});
    let command = serde_json::from_value(command).expect("a command");
    let store = api.distant(Duration::ZERO).await;
    let report = operator::run(&store, command).await.expect("a report");
    let report = serde_json::to_value(report).expect("JSON");
    assert_eq!((&report["drift"], &report["unsettled"]), (&json!(0), &json!(0)), "{report}");
}
