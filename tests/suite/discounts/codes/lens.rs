//! Lists through a lens against a plain model: random rows, views of their parts, and pages.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use domain::shop::ShopId;
use proptest::{
    array::{uniform3, uniform4},
    collection::vec,
    option::weighted,
    prelude::{Strategy, any, prop_oneof},
    sample::Index,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde::{Deserialize, Serialize};
use shared::Error;
use store::{
    Item,
    client::Store,
    entity,
    pages::{
        self, Class, Correction, Direction, Lens, List, PageNumber, Select, bulk, class, paginate, tally::Weights,
    },
    transaction::Transaction,
};
use tests::Api;

/// A list and the lists of its parts, which hold copies of its rows.
#[derive(Clone, Copy)]
pub(crate) struct Lists {
    pub(crate) main: List,
    pub(crate) part: List,
}

const fn lists(shifts: &'static [u32], row_shift: u32) -> Lists {
    let main = List { shifts, row_shift, classes: 3, ..List::dense("whole") };
    Lists { main, part: List { name: "part", row_shift: 53, ..main } }
}

/// Lists as codes and the codes of coupons have them.
pub(crate) static DENSE: Lists = lists(pages::DENSE, 13);
/// Lists with tally levels so low that a few rows fill all of them.
pub(crate) static DEEP: Lists = lists(&[1, 2, 4, 6], 6);

/// A counter beside the classes that no view concerns.
const MARK: Class = 3;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: u64,
    /// The part of the row, from 1 on. 0 means that it is in no part.
    pub(crate) part: usize,
}

/// The class that a reader sees for each stored class. `None` hides the row.
pub(crate) type View = [Option<Class>; 3];
pub(crate) const AS_STORED: View = [Some(0), Some(1), Some(2)];

/// The view of each part, and a flag for each seen class that is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight {
    pub(crate) views: [View; 4],
    pub(crate) wanted: [bool; 3],
}

impl Sight {
    pub(crate) fn shows(&self, part: usize, class: Class) -> bool {
        let view = part.checked_sub(1).map_or(AS_STORED, |part| self.views[part]);
        view[usize::from(class)].is_some_and(|seen| self.wanted[usize::from(seen)])
    }

    fn weights(&self, part: usize) -> Weights {
        let mut weights = Weights::default();
        for class in 0..3 {
            weights[usize::from(class)] = i64::from(self.shows(part, class)) - i64::from(self.shows(0, class));
        }
        weights
    }

    pub(crate) async fn page(
        &self,
        (store, shop): (&Store, &ShopId),
        lists: &Lists,
        select: &Select,
    ) -> Result<pages::Page<u64>, Error> {
        let corrections = (1..=self.views.len()).map(|part| (part, self.weights(part)));
        let corrections = corrections.filter(|(_, weights)| *weights != Weights::default());
        let correction = |(part, weights)| Correction { list: lists.part.of(part as u64), weights };
        let keep = |item: &Item| self.shows(row(item).part, class(item));
        let lens = Lens { corrections: corrections.map(correction).collect(), keep: &keep };
        let classes = Some((0..3).filter(|class| self.shows(0, *class)).collect());
        let select = Select { classes, ..select.clone() };
        let page = lists.main.page_through(store, shop, &select, Some(&lens)).await?;
        page.try_map(|item| Ok(row(&item).id))
    }
}

fn row(item: &Item) -> Row {
    entity::entity(item.clone()).expect("a row")
}

/// One step of a history.
#[derive(Debug, Clone)]
enum Step {
    Insert(Vec<(u64, Class, usize)>),
    Reclass(Index, Class),
    Remove(Index),
    Read(Sight, Select),
}

/// Returns positions in the first bucket, around the edge of the next one, and far away.
fn positions() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 1u64..300, 2 => 8_100u64..8_300, 1 => 40_000u64..40_100]
}

fn sights() -> impl Strategy<Value = Sight> {
    (uniform4(uniform3(weighted(0.8, 0u8..3))), uniform3(any::<bool>()), any::<Index>()).prop_map(
        |(mut views, wanted, as_stored)| {
            views[as_stored.index(4)] = AS_STORED;
            Sight { views, wanted }
        },
    )
}

fn steps() -> impl Strategy<Value = Step> {
    let bound = || weighted(0.3, positions());
    let selects = (bound(), bound(), any::<bool>(), 1u64..7, 1u64..25).prop_map(|(after, before, down, page, size)| {
        let direction = if down { Direction::Descending } else { Direction::Ascending };
        let number = if page == 6 { PageNumber::Last } else { PageNumber::Number(page) };
        Select { classes: None, after, before, direction, number, size }
    });
    prop_oneof![
        3 => vec((positions(), 0u8..3, 0usize..5), 1..9).prop_map(Step::Insert),
        3 => (any::<Index>(), 0u8..3).prop_map(|(index, class)| Step::Reclass(index, class)),
        2 => any::<Index>().prop_map(Step::Remove),
        5 => (sights(), selects).prop_map(|(sight, select)| Step::Read(sight, select)),
    ]
}

type Model = BTreeMap<u64, (Class, usize)>;

fn nth(model: &Model, index: Index) -> Option<(Row, Class)> {
    let (id, (class, part)) = model.iter().nth(index.index(model.len().max(1)))?;
    Some((Row { id: *id, part: *part }, *class))
}

fn insert(transaction: &mut Transaction, shop: &ShopId, lists: &Lists, row: Row, class: Class) {
    lists.main.insert(transaction, "row", shop, (row.id, class), &row).expect("a row");
    if row.part > 0 {
        let part = lists.part.of(row.part as u64);
        part.copy(transaction, shop, (row.id, (None, class)), 1, &row).expect("a copy");
        part.tally(&mut transaction.additions, shop, (row.id, MARK), 1);
    }
}

pub(crate) fn reclass(
    transaction: &mut Transaction,
    shop: &ShopId,
    lists: &Lists,
    row: Row,
    (from, to): (Class, Class),
) {
    lists.main.reclass(transaction, "row", shop, row.id, (from, to));
    if row.part > 0 {
        let part = lists.part.of(row.part as u64);
        part.copy(transaction, shop, (row.id, (Some(from), to)), 1, &row).expect("a copy");
    }
}

fn remove(transaction: &mut Transaction, shop: &ShopId, lists: &Lists, row: Row, class: Class) {
    lists.main.remove(transaction, "row", shop, (row.id, class));
    if row.part > 0 {
        let part = lists.part.of(row.part as u64);
        part.remove_copy(transaction, shop, (row.id, class));
        part.tally(&mut transaction.additions, shop, (row.id, MARK), -1);
    }
}

/// Carries out a history in the table and in the model, and compares every page.
async fn replay(store: &Store, lists: &Lists, history: Vec<Step>) -> Result<(), TestCaseError> {
    static CASES: AtomicU64 = AtomicU64::new(0);
    let shop = format!("case-{}", CASES.fetch_add(1, Ordering::Relaxed)).parse().expect("a shop");
    let mut model = Model::new();
    for step in history {
        let mut transaction = Transaction::default();
        match step {
            Step::Insert(rows) => {
                for (id, class, part) in rows {
                    model.entry(id).or_insert_with(|| {
                        insert(&mut transaction, &shop, lists, Row { id, part }, class);
                        (class, part)
                    });
                }
            }
            Step::Reclass(index, to) => {
                if let Some((row, from)) = nth(&model, index).filter(|(_, from)| *from != to) {
                    reclass(&mut transaction, &shop, lists, row, (from, to));
                    model.insert(row.id, (to, row.part));
                }
            }
            Step::Remove(index) => {
                if let Some((row, class)) = nth(&model, index) {
                    remove(&mut transaction, &shop, lists, row, class);
                    model.remove(&row.id);
                }
            }
            Step::Read(sight, select) => compare((store, &shop), lists, &model, (&sight, &select)).await?,
        }
        if !transaction.is_empty() {
            store.commit(&transaction).await.expect("committed");
        }
    }
    for part in 1..=4 {
        let rows = model.values().filter(|(_, of)| *of == part).count() as u64;
        let verified = bulk::verify(store, &shop, &lists.part.of(part as u64)).await.expect("verified");
        proptest::prop_assert_eq!(verified, (rows, rows));
    }
    Ok(())
}

async fn compare(
    world: (&Store, &ShopId),
    lists: &Lists,
    model: &Model,
    (sight, select): (&Sight, &Select),
) -> Result<(), TestCaseError> {
    let shown = model.iter().filter(|(id, (class, part))| select.holds(**id) && sight.shows(*part, *class));
    let mut expected: Vec<u64> = shown.map(|(id, _)| *id).collect();
    if select.direction == Direction::Descending {
        expected.reverse();
    }
    match (paginate::of_rows(expected, select.number, select.size), sight.page(world, lists, select).await) {
        (Ok(expected), Ok(page)) => proptest::prop_assert_eq!(page, expected),
        (Err(Error::InvalidPage), Err(Error::InvalidPage)) => {}
        (expected, page) => return Err(TestCaseError::fail(format!("{expected:?} but {page:?}"))),
    }
    Ok(())
}

fn check(lists: &Lists, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let api = runtime.block_on(Api::without_faults(false));
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let store = &api.server.store;
    let replayed = |history| runtime.block_on(replay(store, lists, history));
    let result = TestRunner::new(config).run(&vec(steps(), 20..90), replayed);
    runtime.block_on(api.stop());
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn dense_pages_through_a_lens_are_those_of_a_plain_vector() {
    check(&DENSE, 16);
}

#[test]
fn deep_pages_through_a_lens_are_those_of_a_plain_vector() {
    check(&DEEP, 8);
}
