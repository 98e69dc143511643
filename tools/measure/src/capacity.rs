//! Round trips and capacity units of each operation, from `ReturnConsumedCapacity`, through the real routers.

use std::time::Duration;

use crate::{
    bench::{Bench, Call, Measured},
    cost,
};
use devserver::{
    embedded::{Embedded, Place},
    hostile::{Hostile, Profile},
};
use indicatif::{ProgressBar, ProgressStyle};
use shared::{
    domain::shop::{Shop, ShopId},
    shop::operators::shops,
    store::{client::Store, connect::Connection, schema},
};

mod checkout;
pub(crate) mod codes;
mod points;

/// The least time that a call of the measured functions takes. It is longer than the start of a few more calls, so that
/// parallel calls are recognised as parallel.
const LATENCY: Duration = Duration::from_millis(25);

/// An embedded store, reached with and without added latency.
pub(crate) struct Stores {
    embedded: Embedded,
    pub(crate) near: Store,
    pub(crate) distant: Store,
}

impl Stores {
    pub(crate) async fn start() -> Self {
        let embedded = Embedded::start(&Place::Memory).expect("a store");
        let near = Connection { endpoint: Some(embedded.endpoint()), ..Connection::default() };
        let near = near.open().await.expect("a client");
        let slow = Profile { latency: LATENCY, ..Profile::default() };
        let http_client = Some(aws_sdk_dynamodb::config::SharedHttpClient::new(Hostile::over_http(slow, 0)));
        let distant = Connection { http_client, endpoint: Some(embedded.endpoint()), ..Connection::default() };
        let distant = distant.open().await.expect("a client");
        schema::create(&near).await.expect("a table");
        Self { embedded, near, distant }
    }

    /// Returns the connection for another client, whose connections belong to the runtime that opens it.
    pub(crate) fn connection(&self) -> Connection {
        Connection { endpoint: Some(self.embedded.endpoint()), ..Connection::default() }
    }

    /// Creates an empty shop.
    pub(crate) async fn new_shop(&self, kind: &str, size: u64) -> ShopId {
        let shop: ShopId = format!("{kind}-{size}").parse().expect("a shop");
        shops::put(&self.near, &Shop::new(shop.clone())).await.expect("a shop");
        shop
    }
}

/// The calls of one round on a shop with `size` rows. A round creates, uses and deletes its own objects. Rounds run in
/// their order, from 0, without gaps.
pub(crate) type Stage = fn(size: u64, round: u64) -> Vec<Call>;

/// The most rounds. A shop of entries has 100 customers, and each can sign in only once.
pub(crate) const ROUNDS: u64 = 40;

/// The kind of a measured shop.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A shop with many ledger entries.
    Entries,
    /// A shop with many coupon codes.
    Codes,
}

impl Kind {
    /// Returns the stages to measure, in their order.
    pub(crate) fn stages(self) -> &'static [Stage] {
        match self {
            Self::Entries => &[points::operations],
            Self::Codes => &[settled, codes::unsettled],
        }
    }

    /// Fills a shop and verifies its tallies.
    pub(crate) async fn load(self, stores: &Stores, size: u64) -> ShopId {
        match self {
            Self::Entries => {
                let shop = stores.new_shop("entries", size).await;
                points::load(&stores.near, &shop, size).await;
                shop
            }
            Self::Codes => {
                let shop = stores.new_shop("codes", size).await;
                codes::load(&stores.near, &shop, size).await;
                shop
            }
        }
    }
}

fn settled(size: u64, round: u64) -> Vec<Call> {
    let mut calls = codes::operations(size, round);
    calls.extend(checkout::operations(round));
    calls
}

/// Fills a shop for each number of entries and for each number of codes, verifies its tallies, and prints a table.
pub(crate) async fn run(entries: &[u64], codes: &[u64]) {
    let stores = Stores::start().await;
    println!(
        "| rows | operation | sequential round trips | calls | read units | write units | + nested read units \
         | USD a million, table | USD a million, all |"
    );
    println!("|---:|---|---:|---:|---:|---:|---:|---:|---:|");
    for (kind, sizes) in [(Kind::Entries, entries), (Kind::Codes, codes)] {
        for &size in sizes {
            let shop = kind.load(&stores, size).await;
            let bench = Bench::new(&stores.distant, &shop).await;
            for stage in kind.stages() {
                for (name, measured) in bench.rows(stage(size, 0)).await {
                    print(size, name, &measured);
                }
            }
        }
    }
}

fn print(size: u64, name: &str, Measured { usage, nested, whole, bytes, .. }: &Measured) {
    println!(
        "| {size} | {name} | {} | {} | {} | {} | {nested} | {:.2} | {:.2} |",
        usage.sequential,
        usage.calls,
        usage.read_units,
        usage.write_units,
        cost::table(whole.read_units, whole.write_units),
        cost::Dollars::of(whole, *bytes).all(),
    );
}

fn progress(size: u64, shop: &ShopId) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}").expect("a style");
    ProgressBar::new(size).with_style(style).with_message(shop.to_string())
}
