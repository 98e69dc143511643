//! Round trips and capacity units, from `ReturnConsumedCapacity`, through the real routers.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use local::{
    embedded::{Embedded, Place},
    hostile::{Hostile, Profile},
};
use shared::{
    domain::shop::{Shop, ShopId},
    table::{connect::Connection, schema, shops, store::Store},
};

use crate::{
    bench::{Bench, Call, Measured},
    cost,
};

mod checkout;
pub(crate) mod codes;
mod points;

/// How long a call of the measured functions takes at least, so that calls side by side are seen to be that: more than it
/// takes to begin some more of them.
const LATENCY: Duration = Duration::from_millis(25);

/// An embedded store, as it is and from further away.
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

    /// Where another client finds it: one whose connections belong to the runtime that opens it.
    pub(crate) fn connection(&self) -> Connection {
        Connection { endpoint: Some(self.embedded.endpoint()), ..Connection::default() }
    }

    /// An empty shop.
    pub(crate) async fn new_shop(&self, kind: &str, size: u64) -> ShopId {
        let shop: ShopId = format!("{kind}-{size}").parse().expect("a shop");
        shops::put(&self.near, &Shop::new(shop.clone())).await.expect("a shop");
        shop
    }
}

/// Calls on a shop of so many rows. Each round of a stage is a whole life of what it makes: the first is round 0, and none
/// is left out.
pub(crate) type Stage = fn(size: u64, round: u64) -> Vec<Call>;

/// How many rounds there are at the most: of the customers of a shop of entries each signs in once.
pub(crate) const ROUNDS: u64 = 40;

/// A kind of shop.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// One with many entries of the point history.
    Entries,
    /// One with many coupon codes.
    Codes,
}

impl Kind {
    /// What is measured of it, in this order.
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

/// Loads each number of entries, and each number of codes, into a shop of its own, verifies the tallies, and prints a
/// table.
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
