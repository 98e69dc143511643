//! Every operation of `measure capacity`, against the number of rows: units once over a store that is further away, and
//! time in repeated rounds over a near one.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use serde::Serialize;
use shared::{domain::shop::ShopId, table::connect::Connection};

use super::percentile;
use crate::{
    bench::Bench,
    capacity::{ROUNDS, Stage, Stores},
};

/// What reads more than so many times as much at the most rows as at the fewest is printed.
const GROWS: f64 = 1.5;

/// An operation on a shop of so many rows.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) rows: u64,
    pub(super) operation: &'static str,
    /// The longest chain of calls of which each waited for the one before.
    pub(super) round_trips: usize,
    pub(super) calls: usize,
    pub(super) read_units: f64,
    /// Of these, the batches by key: what a reply nests.
    pub(super) batch_read_units: f64,
    pub(super) write_units: f64,
    pub(super) samples: usize,
    /// Empty where an operation can be done once only.
    pub(super) p50_us: Option<f64>,
    pub(super) p90_us: Option<f64>,
    /// The median of what the function's thread ran.
    pub(super) processor_us: Option<f64>,
}

/// How long an operation took, and how long of that its thread ran.
type Samples = HashMap<&'static str, (Vec<Duration>, Vec<Duration>)>;

/// The first round of a stage for its units, and as many more as the time allows for the rest.
pub(super) async fn measure(stores: &Stores, shop: &ShopId, size: u64, stage: Stage, time: Duration) -> Vec<Row> {
    let first = Bench::new(&stores.distant, shop).await.rows(stage(size, 0)).await;
    let (connection, shop) = (stores.connection(), shop.clone());
    let timed = tokio::task::spawn_blocking(move || repeat(connection, &shop, size, stage, time));
    let mut timed = timed.await.expect("rounds");
    let row = |(operation, measured): (&'static str, crate::bench::Measured)| {
        let (mut took, mut ran) = timed.remove(operation).unwrap_or_default();
        took.sort_unstable();
        ran.sort_unstable();
        Row {
            rows: size,
            operation,
            round_trips: measured.whole.sequential,
            calls: measured.whole.calls,
            read_units: measured.whole.read_units,
            batch_read_units: measured.nested,
            write_units: measured.whole.write_units,
            samples: took.len(),
            p50_us: percentile(&took, 50),
            p90_us: percentile(&took, 90),
            processor_us: percentile(&ran, 50),
        }
    };
    first.into_iter().map(row).collect()
}

/// Rounds on this thread alone: the functions, the client of the store and its connections have no other, so that what the
/// thread ran is what an instance would.
fn repeat(connection: Connection, shop: &ShopId, size: u64, stage: Stage, time: Duration) -> Samples {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = connection.open().await.expect("a client");
        let bench = Bench::new(&store, shop).await;
        let (began, mut samples) = (Instant::now(), Samples::new());
        for round in 1..ROUNDS {
            for (name, measured) in bench.rows(stage(size, round)).await {
                let (took, ran) = samples.entry(name).or_default();
                took.push(measured.took);
                ran.push(measured.processor);
            }
            if began.elapsed() >= time {
                break;
            }
        }
        samples
    })
}

/// Prints the operations whose round trips or units are more at the most rows than at the fewest.
pub(super) fn print_growth(rows: &[Row]) {
    let sizes = rows.iter().map(|row| row.rows);
    let (Some(fewest), Some(most)) = (sizes.clone().min(), sizes.max()) else { return };
    println!("| operation | rows | round trips | read units | write units | p50 ms | processor ms |");
    println!("|---|---|---|---|---|---|---|");
    for large in rows.iter().filter(|row| row.rows == most) {
        let same = |row: &&Row| row.rows == fewest && row.operation == large.operation;
        let Some(small) = rows.iter().find(same) else { continue };
        let grows = large.round_trips > small.round_trips
            || large.read_units > GROWS * small.read_units
            || large.write_units > GROWS * small.write_units;
        if grows {
            println!(
                "| {} | {fewest}, {most} | {}, {} | {}, {} | {}, {} | {}, {} | {}, {} |",
                large.operation,
                small.round_trips,
                large.round_trips,
                small.read_units,
                large.read_units,
                small.write_units,
                large.write_units,
                milliseconds(small.p50_us),
                milliseconds(large.p50_us),
                milliseconds(small.processor_us),
                milliseconds(large.processor_us),
            );
        }
    }
}

fn milliseconds(microseconds: Option<f64>) -> String {
    microseconds.map_or("-".to_owned(), |microseconds| format!("{:.1}", microseconds / 1e3))
}
