//! Walks over all rows by `id__gt` while the shop changes: a row that exists throughout is seen exactly once. The
//! example program does the same, and is killed and restarted at any time. `YOUHUI_CHAOS_SEED` repeats a failure, as
//! far as the order of concurrent requests allows.

mod busy_shop;
#[path = "../../../clients/rust/examples/erp_sync/place.rs"]
mod place;

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use crate::client::calls::client_of;
use aws_sdk_dynamodb::config::SharedHttpClient;
use chrono::{DateTime, TimeDelta, Utc};
use devserver::{
    hostile::{Hostile, Profile},
    server::Options,
};
use futures_util::future::{join, join_all};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::Value;
use store::{
    connect::Connection,
    pages::{Page, refilled},
};
use tests::{Api, TOKEN};
use youhui_client::{LevelInput, RawRow};

use self::{
    busy_shop::{BusyShop, Kind, Seen},
    place::Place,
};

const WRITERS: u64 = 5;

fn seed() -> u64 {
    let seed = std::env::var("YOUHUI_CHAOS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("YOUHUI_CHAOS_SEED={seed}");
    seed
}

/// Walks over a list. After any page, the walk may be dropped and continued as by another process.
async fn walk(shop: &BusyShop, kind: Kind, size: u32, random: &mut StdRng) -> Seen {
    let began = shop.tick();
    let mut walk = kind.list(&shop.client()).page_size(size).walk();
    let mut rows: Vec<RawRow> = Vec::new();
    loop {
        let page = walk.next_page().await.expect("a page");
        if page.is_empty() {
            return Seen { kind, began, ended: shop.tick(), rows };
        }
        rows.extend(page);
        // The writers need time between the pages.
        tokio::time::sleep(Duration::from_millis(random.random_range(0..8))).await;
        if random.random_bool(0.2) {
            walk = kind.list(&shop.client()).page_size(size).walk_after(walk.position());
        }
    }
}

#[track_caller]
fn is_whole(shop: &BusyShop, seen: &Seen) {
    let ids: Vec<_> = seen.ids().collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{:?}: {ids:?}", seen.kind);
    let (missed, strangers) = (shop.missed(seen), shop.strangers(seen));
    assert!(missed.is_empty(), "{:?}: {missed:?} were there throughout and not seen", seen.kind);
    assert!(strangers.is_empty(), "{:?}: {strangers:?} were seen and not there", seen.kind);
}

/// Runs the writers, each for this number of steps.
async fn write(shop: &BusyShop, steps: u32, seed: u64) {
    join_all((0..WRITERS).map(async |writer| {
        let mut random = StdRng::seed_from_u64(seed.wrapping_add(writer));
        for _ in 0..steps {
            shop.step(&mut random).await;
        }
    }))
    .await;
}

async fn walk_while_many_write(api: &Api, steps: u32, seed: u64) {
    let shop = BusyShop::new(api.server.url());
    shop.prepare(&mut StdRng::seed_from_u64(seed)).await;
    let done = AtomicBool::new(false);
    let writers = async {
        write(&shop, steps, seed).await;
        done.store(true, Ordering::SeqCst);
    };
    let sizes = [(2, 0), (9, 1), (100, 2)];
    let walkers = Kind::ALL.into_iter().flat_map(|kind| sizes.map(|size| (kind, size)));
    let walkers = walkers.map(async |(kind, (size, number))| {
        let mut random = StdRng::seed_from_u64(seed ^ number);
        let mut walks = Vec::new();
        while !done.load(Ordering::SeqCst) {
            walks.push(walk(&shop, kind, size, &mut random).await);
        }
        walks
    });
    let ((), walks) = join(writers, join_all(walkers)).await;
    let disturbed = walks.iter().flatten().filter(|seen| shop.disturbances(seen) > 0).count();
    assert!(disturbed > 5, "only {disturbed} walks were disturbed");
    for kind in Kind::ALL {
        let walks: Vec<_> = walks.iter().flatten().filter(|seen| seen.kind == kind).collect();
        walks.into_iter().for_each(|seen| is_whole(&shop, seen));
        let at_rest = walk(&shop, kind, 100, &mut StdRng::seed_from_u64(seed)).await;
        is_whole(&shop, &at_rest);
        let count = kind.list(&shop.client()).await.expect("a page").count;
        assert_eq!(at_rest.rows.len() as u64, count, "{kind:?}");
    }
}

#[tokio::test]
async fn a_walk_sees_all_that_was_there_throughout() {
    walk_while_many_write(&Api::empty().await, 12, seed()).await;
}

#[tokio::test]
async fn a_walk_sees_all_that_was_there_throughout_though_the_store_fails() {
    let seed = seed();
    let hostile = Hostile::over_http(Profile::MILD, seed);
    let http_client = Some(SharedHttpClient::new(hostile.clone()));
    let options = Options { demo: false, ..Options::default() };
    let api = Api::with(options, Connection { http_client, ..Connection::default() }).await;
    walk_while_many_write(&api, 8, seed).await;
    assert!(hostile.injected() > 100, "{}", hostile.injected());
}

/// A check of the test itself: a walk by page numbers misses five levels while five are deleted.
#[tokio::test]
async fn a_walk_by_page_numbers_misses_what_a_walk_by_ids_sees() {
    let api = Api::empty().await;
    let client = client_of(&api);
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(client.level_create(&LevelInput::new("level")).await.expect("a level").id);
    }
    let (mut by_page, mut by_id) = (Vec::new(), Vec::new());
    let mut walk = client.level_list().page_size(10).walk();
    for page in 1..=2 {
        if page == 2 {
            for id in &ids[..5] {
                client.level_delete(*id).await.expect("deleted");
            }
        }
        let rows = client.level_list().page_size(10).page(page).await.expect("a page").results;
        by_page.extend(rows.iter().map(|level| level.id));
        by_id.extend(walk.next_page().await.expect("a page").iter().map(|level| level.id));
    }
    let missed = |seen: &[u64]| ids[5..].iter().filter(|id| !seen.contains(id)).copied().collect::<Vec<_>>();
    assert_eq!(missed(&by_page), ids[10..15]);
    assert!(missed(&by_id).is_empty());
}

/// Returns the example program as a command that works in a folder until it has copied all rows.
fn program(url: &str, folder: &Path, margin: u32) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_erp_sync"));
    program.args(["--url", url, "--once", "--every", "0", "--margin", &margin.to_string()]);
    program.arg("--out").arg(folder).env("YOUHUI_TOKEN", TOKEN).stdout(Stdio::null());
    program
}

fn start(url: &str, folder: &Path, margin: u32) -> Child {
    program(url, folder, margin).spawn().expect("the program")
}

/// Waits for a program without blocking the server, which runs in this process.
async fn finished(mut program: Child) {
    loop {
        if let Some(status) = program.try_wait().expect("a process") {
            assert!(status.success(), "{status}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Returns the rows of a copied list.
fn copied(folder: &Path, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder.join(format!("{name}.jsonl"))).expect("a file");
    text.lines().map(|line| serde_json::from_str(line).expect("a whole line")).collect()
}

#[tokio::test]
async fn the_program_loses_and_repeats_no_line_however_often_it_is_ended() {
    let (seed, api, folder) = (seed(), Api::empty().await, tempfile::tempdir().expect("a folder"));
    let (shop, folder) = (BusyShop::new(api.server.url()), folder.path());
    let mut random = StdRng::seed_from_u64(seed);
    shop.prepare(&mut random).await;
    let mut throughout = Vec::new();
    for kind in Kind::ALL {
        throughout.push(shop.at_rest(kind).await);
    }
    let copying = async {
        for _ in 0..8 {
            let mut program = start(&api.server.url(), folder, 300);
            tokio::time::sleep(Duration::from_millis(random.random_range(20..400))).await;
            program.kill().expect("ended, or it has ended already");
            program.wait().expect("a process");
        }
    };
    join(copying, write(&shop, 12, seed)).await;
    finished(start(&api.server.url(), folder, 300)).await;
    let names = ["levels", "customers", "point_history", "price_rules", "coupons", "coupon_codes"];
    for ((kind, name), throughout) in Kind::ALL.into_iter().zip(names).zip(throughout) {
        let rows = copied(folder, name);
        let lines: Vec<_> = rows.iter().map(|row| row["id"].as_u64().expect("an id")).collect();
        let ids: BTreeSet<_> = lines.iter().copied().collect();
        // A customer may be copied twice.
        assert!(kind == Kind::Customers || ids.len() == lines.len(), "{name} has lines twice");
        let at_rest = shop.at_rest(kind).await;
        let missed: Vec<_> = at_rest.iter().filter(|id| !ids.contains(id)).collect();
        assert!(missed.is_empty(), "{name}: {missed:?}");
        assert!(throughout.iter().filter(|id| at_rest.contains(id)).all(|id| ids.contains(id)), "{name}");
    }
    let before = fs::read(folder.join("coupon_codes.jsonl")).expect("a file");
    finished(start(&api.server.url(), folder, 300)).await;
    assert_eq!(fs::read(folder.join("coupon_codes.jsonl")).expect("a file"), before, "nothing is new");
}

#[tokio::test]
async fn the_program_copies_rows_as_they_are_and_refuses_a_foreign_state() {
    let (api, folder) = (Api::start().await, tempfile::tempdir().expect("a folder"));
    finished(start(&api.server.url(), folder.path(), 300)).await;
    for (name, path) in [
        ("levels", "/api/loyalty/level/"),
        ("point_history", "/api/loyalty/point_history/"),
        ("customers", "/api/crm/customer/?order_by=id"),
        ("price_rules", "/api/discounts/price_rule/?order_by=id"),
        ("coupons", "/api/discounts/coupon/?order_by=id"),
        ("coupon_codes", "/api/discounts/coupon_code/?order_by=id"),
    ] {
        assert_eq!(Value::from(copied(folder.path(), name)), api.get(path).await.json()["results"], "{name}");
    }
    fs::write(folder.path().join("state.json"), "[]").expect("written");
    let mut program = start(&api.server.url(), folder.path(), 300);
    assert!(!program.wait().expect("a process").success());
}

#[test]
fn the_program_names_the_address_that_it_cannot_copy_from_and_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    for (url, reason) in [
        ("http://127.0.0.1:1", "no reply: "),
        ("127.0.0.1:8080", "cannot be sent: the address must begin with http:// or https://"),
        ("http://127.0.0.1:8080/api", "cannot be sent: the address must be without /api/"),
    ] {
        let ended = program(url, folder.path(), 300).output().expect("the program");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.starts_with(&format!("{url}: {reason}")) && said.lines().count() == 1, "{said}");
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("an instant")
}

/// A bug that the walks above found: a page of codes came back empty because the coupon of all its codes was deleted
/// during the read, and the walk ended there.
#[tokio::test]
async fn a_page_whose_rows_went_while_it_was_read_is_read_again() {
    let readings = std::cell::Cell::new(0);
    let read = async || {
        readings.set(readings.get() + 1);
        let rows = if readings.get() < 3 { vec![None, Some(readings.get())] } else { vec![Some(8), Some(9)] };
        Ok(Page { count: 5, number: 1, rows })
    };
    assert_eq!(refilled(read).await.expect("a page"), Page { count: 5, number: 1, rows: vec![8, 9] });
    assert_eq!(readings.get(), 3);
    let going = async || Ok(Page { count: 1, number: 1, rows: vec![None::<u64>] });
    assert!(refilled(going).await.expect("a page").rows.is_empty(), "rows that never come are not waited for");
}

#[test]
fn a_row_that_comes_to_be_below_another_is_written_within_the_margin() {
    let (mut place, margin) = (Place::default(), TimeDelta::seconds(300));
    let mut walk = |begun: i64, rows: &[(u64, i64)]| {
        let after = place.settled;
        let rows = rows.iter().filter(|(id, _)| *id > after);
        let written: Vec<_> =
            rows.filter(|(id, made)| place.pass(*id, at(*made), at(begun), margin)).map(|(id, _)| *id).collect();
        (written, place.settled, place.recent.len())
    };
    // Row 1 is old. Row 4 is new. Row 3 has its id already but is not visible yet.
    assert_eq!(walk(1000, &[(1, 0), (4, 999)]), (vec![1, 4], 1, 1));
    assert_eq!(walk(1010, &[(1, 0), (3, 998), (4, 999)]), (vec![3], 1, 2));
    assert_eq!(walk(1020, &[(1, 0), (3, 998), (4, 999)]), (vec![], 1, 2));
    // Once the margin is over, no row below 4 can appear.
    assert_eq!(walk(1299, &[(3, 998), (4, 999), (9, 1299)]), (vec![9], 4, 1));
    assert_eq!(walk(1300, &[(9, 1299)]), (vec![], 4, 1));
}
