//! The growth of every operation of `measure capacity` with the number of rows. Units are measured once over a store
//! with added latency, and times in repeated rounds over a store without it.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::{
    bench::Bench,
    capacity::{ROUNDS, Stage, Stores},
};
use serde::Serialize;
use shared::{domain::shop::ShopId, store::connect::Connection};

use super::percentile;

/// The growth of units between the fewest and the most rows above which an operation is printed.
const GROWS: f64 = 1.5;

/// The cost of an operation on a shop with this many rows.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) rows: u64,
    pub(super) operation: &'static str,
    /// The longest chain of calls that waited for each other.
    pub(super) round_trips: usize,
    pub(super) calls: usize,
    pub(super) read_units: f64,
    /// The read units of batch reads by key, which fetch the nested objects of a reply. They are part of `read_units`.
    pub(super) batch_read_units: f64,
    pub(super) write_units: f64,
    pub(super) samples: usize,
    /// The median time. Empty if the operation can be done only once.
    pub(super) p50_us: Option<f64>,
    pub(super) p90_us: Option<f64>,
    /// The median processor time of the function's thread.
    pub(super) processor_us: Option<f64>,
}

/// The times of each operation, and the processor times of its thread.
type Samples = HashMap<&'static str, (Vec<Duration>, Vec<Duration>)>;

/// Measures the units of a stage in its first round, and its times in as many further rounds as `time` allows.
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

/// Runs rounds on this thread alone. The functions, the client of the store and its connections have no other thread,
/// so that the processor time is that of a Lambda instance.
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

/// Prints the operations that take more round trips or units at the most rows than at the fewest.
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
