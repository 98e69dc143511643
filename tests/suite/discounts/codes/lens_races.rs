//! Lists through a lens while another process stores the classes that the lens already shows, as the job does for the
//! codes of an ended rule. No reader sees a difference.

use std::time::Duration;

use crate::discounts::codes::lens::{AS_STORED, DEEP, DENSE, Lists, Row, Sight, reclass};
use domain::shop::ShopId;
use futures_util::future::join_all;
use store::{
    client::Store,
    pages::{Class, Direction, List, Page, PageNumber, Select, bulk::Load},
    transaction::Transaction,
};
use tests::Api;

const ROWS: u64 = 2_400;
/// The number of parts plus one. One part has ended, one has been revived, and the unused rows of one are hidden. Some
/// rows are in no part.
const PARTS: u64 = 4;
/// The number of rows that each transaction moves.
const AT_ONCE: usize = 4;
const FULL_SPEED: Duration = Duration::ZERO;
/// A pause between transactions, so that some reads of the whole list meet none.
const AT_EASE: Duration = Duration::from_millis(10);

/// A part and the change of its rows' stored class, from one class to another.
type Move = (usize, (Class, Class));
const END: Move = (1, (0, 2));
const REVIVE: Move = (2, (2, 0));

fn rows() -> impl Iterator<Item = (Row, Class)> {
    (1..=ROWS).map(|id| {
        let part = (id % PARTS) as usize;
        let class = match part {
            _ if id % 7 == 0 => 1,
            2 => 2,
            _ => 0,
        };
        (Row { id, part }, class)
    })
}

fn sight(wanted: [bool; 3]) -> Sight {
    let (ended, revived, gone) = ([Some(2), Some(1), Some(2)], [Some(0), Some(1), Some(0)], [None, Some(1), None]);
    Sight { views: [ended, revived, gone, AS_STORED], wanted }
}

async fn load(store: &Store, shop: &ShopId, list: &List, part: Option<usize>) {
    let mut load = Load::new(store, shop);
    for (row, class) in rows().filter(|(row, _)| part.is_none_or(|part| row.part == part)) {
        load.push(list, row.id, class, &row).await.expect("a row");
    }
    load.finish().await.expect("loaded");
}

async fn move_all(store: Store, shop: ShopId, lists: Lists, (part, (from, to)): Move, pause: Duration) {
    let moved: Vec<_> = rows().filter(|(row, class)| row.part == part && *class == from).map(|(row, _)| row).collect();
    for some in moved.chunks(AT_ONCE) {
        let mut transaction = Transaction::default();
        for row in some {
            reclass(&mut transaction, &shop, &lists, *row, (from, to));
        }
        store.commit(&transaction).await.expect("moved");
        tokio::time::sleep(pause).await;
    }
}

/// Returns the page at rest and the pages that were read while rows were moved.
async fn read_while_moved(
    lists: Lists,
    wanted: [bool; 3],
    select: Select,
    (moves, pause): (&[Move], Duration),
) -> (Page<u64>, Vec<Page<u64>>) {
    let api = Api::without_faults(false).await;
    let (store, shop): (_, ShopId) = (&api.server.store, "moved".parse().expect("a shop"));
    load(store, &shop, &lists.main, None).await;
    for part in 1..PARTS {
        load(store, &shop, &lists.part.of(part), Some(part as usize)).await;
    }
    let sight = sight(wanted);
    let read = async || sight.page((store, &shop), &lists, &select).await.expect("a page");
    let at_rest = read().await;
    let shown = rows().filter(|(row, class)| select.holds(row.id) && sight.shows(row.part, *class)).count();
    assert_eq!(at_rest.count, shown as u64);
    let movers = moves.iter().map(|move_| move_all(store.clone(), shop.clone(), lists, *move_, pause));
    let movers = tokio::spawn(join_all(movers.collect::<Vec<_>>()));
    let mut readings = Vec::new();
    while !movers.is_finished() {
        readings.push(read().await);
    }
    movers.await.expect("all moved");
    assert!(readings.len() > 3, "{} readings", readings.len());
    assert_eq!(read().await, at_rest);
    api.stop().await;
    (at_rest, readings)
}

#[track_caller]
fn assert_all_are<T: PartialEq + std::fmt::Debug>(expected: &T, got: impl Iterator<Item = T>) {
    let (same, others): (Vec<_>, Vec<_>) = got.partition(|got| got == expected);
    let all = same.len() + others.len();
    assert!(others.is_empty(), "{} of {all} are not {expected:?}, such as {:?}", others.len(), others[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_count_stays_the_same_while_rows_are_moved() {
    for wanted in [[true, false, false], [false, false, true], [false, true, true]] {
        let select = Select::first(1, Direction::Descending);
        let (at_rest, readings) = read_while_moved(DENSE, wanted, select, (&[END], FULL_SPEED)).await;
        assert_all_are(&at_rest.count, readings.iter().map(|page| page.count));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_count_stays_the_same_while_rows_are_moved_at_ease() {
    let select = Select::first(1, Direction::Descending);
    let (at_rest, readings) = read_while_moved(DENSE, [false, false, true], select, (&[END], AT_EASE)).await;
    assert_all_are(&at_rest.count, readings.iter().map(|page| page.count));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_count_stays_the_same_while_rows_are_moved_both_ways() {
    let select = Select::first(1, Direction::Descending);
    let (at_rest, readings) = read_while_moved(DENSE, [false, false, true], select, (&[END, REVIVE], AT_EASE)).await;
    assert_all_are(&at_rest.count, readings.iter().map(|page| page.count));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_count_between_bounds_stays_the_same_while_rows_are_moved() {
    let select = Select { after: Some(17), before: Some(2_345), ..Select::first(1, Direction::Ascending) };
    let (at_rest, readings) = read_while_moved(DEEP, [false, false, true], select, (&[END], AT_EASE)).await;
    assert_all_are(&at_rest.count, readings.iter().map(|page| page.count));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_page_stay_the_same_while_rows_are_moved() {
    let select = Select { number: PageNumber::Number(3), ..Select::first(100, Direction::Descending) };
    let (at_rest, readings) = read_while_moved(DENSE, [false, false, true], select, (&[END], AT_EASE)).await;
    assert_all_are(&at_rest.rows, readings.into_iter().map(|page| page.rows));
}
