//! Reading a page of a ranked list.

use std::collections::{BTreeMap, VecDeque};

use futures_util::future::{try_join, try_join_all};

use super::{
    CLASS, Class, List, paginate,
    segments::{self, Bounds, Node, Segment},
    tally::Counts,
};
use crate::{
    domain::{id::MAX_ID, shop::ShopId},
    error::Error,
    table::{
        Item, entity, keys,
        store::{Range, Store},
    },
};

pub use paginate::PageNumber;

/// Up to so many rows before the page are read over rather than looked up: as many as a leaf has.
const READ_OVER: u64 = 64;

/// The order of a list by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

impl Direction {
    /// The other way.
    pub fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// Which rows of a list, and which page of them.
#[derive(Debug, Clone)]
pub struct Select {
    /// Only these classes; all without.
    pub classes: Option<Vec<Class>>,
    /// Only positions above.
    pub after: Option<u64>,
    /// Only positions below.
    pub before: Option<u64>,
    /// The order.
    pub direction: Direction,
    /// The page.
    pub number: PageNumber,
    /// Rows of a page, from 1.
    pub size: u64,
}

impl Select {
    /// Whether a position lies between the bounds.
    pub fn holds(&self, position: u64) -> bool {
        self.after.is_none_or(|after| position > after) && self.before.is_none_or(|before| position < before)
    }

    /// The first rows of a list from one end.
    pub fn first(size: u64, direction: Direction) -> Self {
        Self { classes: None, after: None, before: None, direction, number: PageNumber::Number(1), size }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// Rows in all, of the selection.
    pub count: u64,
    /// The number of this page, from 1.
    pub number: u64,
    /// The rows of the page.
    pub rows: Vec<T>,
}

impl<T> Page<T> {
    /// The page with other rows in the places of these.
    pub fn with<U>(self, rows: Vec<U>) -> Page<U> {
        Page { count: self.count, number: self.number, rows }
    }

    /// The page with each row turned into another.
    pub fn try_map<U>(self, turn: impl FnMut(T) -> Result<U, Error>) -> Result<Page<U>, Error> {
        let Self { count, number, rows } = self;
        Ok(Page { count, number, rows: rows.into_iter().map(turn).collect::<Result<_, _>>()? })
    }
}

/// A list of one shop behind its store.
struct Reader<'a> {
    store: &'a Store,
    shop: &'a ShopId,
    list: &'a List,
    select: &'a Select,
    bounds: Bounds,
}

impl List {
    /// Reads a page.
    ///
    /// # Errors
    /// [`Error::InvalidPage`] for a page that the selection does not have; the first exists always.
    pub async fn page(&self, store: &Store, shop: &ShopId, select: &Select) -> Result<Page<Item>, Error> {
        let first = select.after.map_or(0, |after| after.saturating_add(1));
        let last = select.before.map_or(MAX_ID, |before| before.saturating_sub(1)).min(MAX_ID);
        if first > last || select.before == Some(0) {
            let (number, _) = paginate::locate(0, select.number, select.size)?;
            return Ok(Page { count: 0, number, rows: Vec::new() });
        }
        let reader = Reader { store, shop, list: self, select, bounds: Bounds { first, last } };
        let mut segments: VecDeque<_> = reader.survey().await?.into();
        let count = segments.iter().map(Segment::count).sum();
        let (number, offset) = paginate::locate(count, select.number, select.size)?;
        if select.direction == Direction::Descending {
            segments.make_contiguous().reverse();
        }
        let wanted = select.size.min(count.saturating_sub(offset));
        let rows = reader.collect(segments, offset, wanted).await?;
        Ok(Page { count, number, rows })
    }

    /// How many rows of these classes there are in all.
    pub async fn count(&self, store: &Store, shop: &ShopId, classes: Option<Vec<Class>>) -> Result<u64, Error> {
        let select = Select { classes, ..Select::first(1, Direction::Ascending) };
        let bounds = Bounds { first: 0, last: MAX_ID };
        let reader = Reader { store, shop, list: self, select: &select, bounds };
        Ok(reader.survey().await?.iter().map(Segment::count).sum())
    }
}

impl Reader<'_> {
    /// One round trip: the top tallies and, beside them, everything around the bounds. Ascending.
    async fn survey(&self) -> Result<Vec<Segment<Item>>, Error> {
        let top = self.list.top();
        let mut nodes = Vec::new();
        let mut leaves = Vec::new();
        for (edge, unbounded) in [(self.bounds.first, 0), (self.bounds.last, MAX_ID)] {
            if edge != unbounded {
                nodes.extend((0..top).map(|level| (level, self.list.bucket(level + 1, edge))));
                leaves.push(self.list.bucket(0, edge));
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        leaves.sort_unstable();
        leaves.dedup();
        let read_nodes = nodes.iter().map(|&(level, parent)| self.node(level, parent));
        let read_leaves = leaves.iter().map(|&leaf| self.rows(self.list.positions(0, leaf), None));
        let ((top_node, nodes_read), leaves_read) =
            try_join(try_join(self.node(top, 0), try_join_all(read_nodes)), try_join_all(read_leaves)).await?;
        let nodes: BTreeMap<_, _> = nodes.into_iter().zip(nodes_read).collect();
        let mut leaves: BTreeMap<_, _> = leaves.into_iter().zip(leaves_read).collect();
        Ok(self.assemble(top, &top_node, &nodes, &mut leaves))
    }

    /// The segments of a node, split at the bounds by what was read around them.
    fn assemble(
        &self,
        level: usize,
        node: &Node,
        nodes: &BTreeMap<(usize, u64), Node>,
        leaves: &mut BTreeMap<u64, Vec<Item>>,
    ) -> Vec<Segment<Item>> {
        let classes = self.select.classes.as_deref();
        self.list.segments(level, node, self.bounds, classes, &mut |level, bucket| {
            if level == 0 {
                let mut rows = leaves.remove(&bucket).unwrap_or_default();
                let inside = |at: u64| self.bounds.first <= at && at <= self.bounds.last;
                rows.retain(|row| self.wanted(row) && entity::id(row).is_some_and(inside));
                return vec![Segment::Rows(rows)];
            }
            match nodes.get(&(level - 1, bucket)) {
                Some(node) => self.assemble(level - 1, node, nodes, leaves),
                None => Vec::new(),
            }
        })
    }

    /// The next `wanted` rows after `offset` of these segments, which stand in the order of the selection.
    async fn collect(
        &self,
        mut segments: VecDeque<Segment<Item>>,
        mut offset: u64,
        wanted: u64,
    ) -> Result<Vec<Item>, Error> {
        let mut rows: Vec<Item> = Vec::new();
        while (rows.len() as u64) < wanted {
            offset = segments::skip(&mut segments, offset);
            if segments.is_empty() {
                break;
            }
            let missing = wanted - rows.len() as u64;
            let window = segments::window(&segments, offset, missing);
            let coarse = (0..window).any(|index| !self.readable(&segments[index], index, offset, missing));
            let taken: Vec<_> = segments.drain(..window).collect();
            if coarse {
                for segment in self.refine(taken, offset, missing).await?.into_iter().rev() {
                    segments.push_front(segment);
                }
                continue;
            }
            let read = self.read(taken, offset, missing).await?;
            rows.extend(paginate::stretch(read, offset, missing));
            offset = 0;
        }
        Ok(rows)
    }

    /// Whether the rows of a segment can be read without knowing more: it is a leaf, or the page starts so near its
    /// edge that the rows before it are fewer than a leaf has.
    fn readable(&self, segment: &Segment<Item>, index: usize, offset: u64, missing: u64) -> bool {
        match segment {
            Segment::Rows(_) | Segment::Bucket { level: 0, .. } => true,
            Segment::Bucket { .. } => {
                let before = if index == 0 { offset } else { 0 };
                self.select.classes.is_none() && (before == 0 || before + missing <= READ_OVER)
            }
        }
    }

    /// The same segments, with the coarse ones replaced by what is inside them: one round trip.
    async fn refine(&self, taken: Vec<Segment<Item>>, offset: u64, missing: u64) -> Result<Vec<Segment<Item>>, Error> {
        let inside = taken.into_iter().enumerate().map(async |(index, segment)| {
            if self.readable(&segment, index, offset, missing) {
                return Ok::<_, Error>(vec![segment]);
            }
            let Segment::Bucket { level, bucket, .. } = segment else { return Ok(vec![segment]) };
            let node = self.node(level - 1, bucket).await?;
            let bounds = self.list.positions(level, bucket);
            let classes = self.select.classes.as_deref();
            let mut finer = self.list.segments(level - 1, &node, bounds, classes, &mut |_, _| Vec::new());
            if self.select.direction == Direction::Descending {
                finer.reverse();
            }
            Ok(finer)
        });
        Ok(try_join_all(inside).await?.into_iter().flatten().collect())
    }

    /// The rows of readable segments, in the order of the selection: one round trip.
    async fn read(&self, taken: Vec<Segment<Item>>, offset: u64, missing: u64) -> Result<Vec<Item>, Error> {
        let unfiltered = self.select.classes.is_none();
        let mut runs: Vec<Run> = Vec::new();
        for segment in taken {
            match segment {
                Segment::Rows(rows) => runs.push(Run::Read(rows)),
                Segment::Bucket { level, bucket, .. } => {
                    let next = self.list.positions(level, bucket);
                    match runs.last_mut() {
                        Some(Run::Unread(run)) if self.joins(*run, next, unfiltered) => {
                            *run = Bounds { first: run.first.min(next.first), last: run.last.max(next.last) };
                        }
                        _ => runs.push(Run::Unread(next)),
                    }
                }
            }
        }
        let limit = unfiltered.then(|| usize::try_from(offset + missing).unwrap_or(usize::MAX));
        let read = runs.into_iter().map(async |run| match run {
            Run::Read(rows) => Ok(rows),
            Run::Unread(bounds) => self.rows(bounds, limit).await,
        });
        let rows = try_join_all(read).await?.into_iter().flatten();
        Ok(rows.filter(|row| self.wanted(row)).collect())
    }

    /// Whether two stretches are read by one query: they share a partition, and nothing unwanted lies between them.
    fn joins(&self, run: Bounds, next: Bounds, unfiltered: bool) -> bool {
        let partition = |position: u64| position >> self.list.row_shift;
        let adjacent = run.last + 1 == next.first || next.last + 1 == run.first;
        partition(run.first) == partition(next.first) && (unfiltered || adjacent)
    }

    fn wanted(&self, row: &Item) -> bool {
        match &self.select.classes {
            None => true,
            Some(classes) => classes.contains(&class(row)),
        }
    }

    /// The tallies of one parent bucket, all shards summed, as far as they concern the selection.
    async fn node(&self, level: usize, parent: u64) -> Result<Node, Error> {
        let pk = keys::tally_partition(self.shop, self.list.name, level, parent);
        let Bounds { first, last } = self.bounds;
        let between = Some(keys::tally_range(self.list.bucket(level, first), self.list.bucket(level, last)));
        let items = self.store.query(&Range { pk, between, ..Range::default() }).await?;
        let mut node = Node::new();
        for item in &items {
            if let Some(bucket) = text(item, keys::SK).and_then(keys::tally_bucket) {
                node.entry(bucket).or_default().add(Counts::of_item(item));
            }
        }
        Ok(node)
    }

    /// The rows of a stretch inside one partition, in the order of the selection.
    async fn rows(&self, bounds: Bounds, limit: Option<usize>) -> Result<Vec<Item>, Error> {
        let pk = keys::row_partition(self.shop, self.list.name, bounds.first >> self.list.row_shift);
        let between = Some((keys::row_position(bounds.first), keys::row_position(bounds.last)));
        let descending = self.select.direction == Direction::Descending;
        self.store.query(&Range { pk, between, descending, limit }).await
    }
}

enum Run {
    Read(Vec<Item>),
    Unread(Bounds),
}

fn text<'a>(item: &'a Item, attribute: &str) -> Option<&'a str> {
    item.get(attribute).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// The class of a row.
fn class(row: &Item) -> Class {
    row.get(CLASS).and_then(|value| value.as_n().ok()).and_then(|digits| digits.parse().ok()).unwrap_or(super::ONLY)
}
