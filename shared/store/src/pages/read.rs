//! Reading a page of a ranked list.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures_util::future::{try_join, try_join_all};

use crate::{
    Item,
    client::{Range, Store, read_all},
    entity, keys,
    pages::{
        CLASS, Class, List, MAX_CLASSES, paginate,
        segments::{self, Bounds, Node, Segment},
        select::{Direction, Lens, Page, Select},
        tally::{Counts, Weights},
    },
};
use domain::{error::Error, id::MAX_ID, shop::ShopId};

/// Largest number of rows, those before the page included, that are read directly instead of being located by finer
/// tallies: the size of a leaf.
const READ_OVER: u64 = 64;

/// Reader of one selection of a list.
struct Reader<'a> {
    store: &'a Store,
    shop: &'a ShopId,
    list: &'a List,
    select: &'a Select,
    lens: Option<&'a Lens<'a>>,
    bounds: Bounds,
}

impl List {
    /// Reads a page. Costs one round trip for the top level, one for each further level that has to be read, and one
    /// for the rows: at most 3 with two levels, and more only if rows vanish at the same time.
    ///
    /// # Errors
    /// [`Error::InvalidPage`] if the selection has no such page. The first page always exists.
    pub async fn page(&self, store: &Store, shop: &ShopId, select: &Select) -> Result<Page<Item>, Error> {
        self.page_through(store, shop, select, None).await
    }

    /// Reads a page as a lens shows the list. With corrections each level costs at least two round trips.
    ///
    /// # Errors
    /// The errors of [`Self::page`].
    pub async fn page_through(
        &self,
        store: &Store,
        shop: &ShopId,
        select: &Select,
        lens: Option<&Lens<'_>>,
    ) -> Result<Page<Item>, Error> {
        let first = select.after.map_or(0, |after| after.saturating_add(1));
        let last = select.before.map_or(MAX_ID, |before| before.saturating_sub(1)).min(MAX_ID);
        if first > last || select.before == Some(0) {
            let (number, _) = paginate::locate(0, select.number, select.size)?;
            return Ok(Page { count: 0, number, rows: Vec::new() });
        }
        let reader = Reader { store, shop, list: self, select, lens, bounds: Bounds { first, last } };
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

    /// Returns the number of rows of these classes; `None` means all classes. Costs one round trip.
    pub async fn count(&self, store: &Store, shop: &ShopId, classes: Option<Vec<Class>>) -> Result<u64, Error> {
        let select = Select { classes, ..Select::first(1, Direction::Ascending) };
        let bounds = Bounds { first: 0, last: MAX_ID };
        let reader = Reader { store, shop, list: self, select: &select, lens: None, bounds };
        Ok(reader.survey().await?.iter().map(Segment::count).sum())
    }
}

impl Reader<'_> {
    /// Reads the top tallies and, at the same time, everything around the bounds. Returns the segments in ascending
    /// order. Costs one round trip, and more with corrections.
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

    /// Returns the segments of a node, split at the bounds with the help of what was read around them.
    fn assemble(
        &self,
        level: usize,
        node: &Node,
        nodes: &BTreeMap<(usize, u64), Node>,
        leaves: &mut BTreeMap<u64, Vec<Item>>,
    ) -> Vec<Segment<Item>> {
        self.list.segments(level, node, self.bounds, &mut |level, bucket| {
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

    /// Returns the next `wanted` rows after `offset`. The segments are in the order of the selection.
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

    /// Returns true if the rows of a segment can be read without more tallies. That is so for a leaf. Without a filter
    /// it is also so if the page starts at the edge of the segment, or so near it that at most [`READ_OVER`] rows reach
    /// from the edge to the end of the page.
    fn readable(&self, segment: &Segment<Item>, index: usize, offset: u64, missing: u64) -> bool {
        match segment {
            Segment::Rows(_) | Segment::Bucket { level: 0, .. } => true,
            Segment::Bucket { .. } => {
                let before = if index == 0 { offset } else { 0 };
                self.unfiltered() && (before == 0 || before + missing <= READ_OVER)
            }
        }
    }

    /// Returns the same segments, with each coarse one replaced by the segments inside it. Costs one round trip, and
    /// more with corrections.
    async fn refine(&self, taken: Vec<Segment<Item>>, offset: u64, missing: u64) -> Result<Vec<Segment<Item>>, Error> {
        let inside = taken.into_iter().enumerate().map(async |(index, segment)| {
            if self.readable(&segment, index, offset, missing) {
                return Ok::<_, Error>(vec![segment]);
            }
            let Segment::Bucket { level, bucket, .. } = segment else { return Ok(vec![segment]) };
            let node = self.node(level - 1, bucket).await?;
            let bounds = self.list.positions(level, bucket);
            let mut finer = self.list.segments(level - 1, &node, bounds, &mut |_, _| Vec::new());
            if self.select.direction == Direction::Descending {
                finer.reverse();
            }
            Ok(finer)
        });
        Ok(try_join_all(inside).await?.into_iter().flatten().collect())
    }

    /// Reads the rows of readable segments, in the order of the selection. Costs one round trip; two for a selection of
    /// several classes from their own partitions.
    async fn read(&self, taken: Vec<Segment<Item>>, offset: u64, missing: u64) -> Result<Vec<Item>, Error> {
        let unfiltered = self.unfiltered();
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

    /// Returns true if one query can read two ranges: they share a partition, and no unwanted rows lie between them.
    fn joins(&self, run: Bounds, next: Bounds, unfiltered: bool) -> bool {
        let by_class = self.list.by_class && self.lens.is_none() && self.select.classes.is_some();
        let partition = |position: u64| if by_class { 0 } else { position >> self.list.row_shift };
        let adjacent = run.last + 1 == next.first || next.last + 1 == run.first;
        partition(run.first) == partition(next.first) && (unfiltered || adjacent)
    }

    /// Returns true if every row between the bounds is wanted. That is so without a filter, and with a filter by
    /// classes whose rows have partitions of their own.
    fn unfiltered(&self) -> bool {
        self.lens.is_none() && (self.select.classes.is_none() || self.list.by_class)
    }

    fn wanted(&self, row: &Item) -> bool {
        match (self.lens, &self.select.classes) {
            (Some(lens), _) => (lens.keep)(row),
            (None, None) => true,
            (None, Some(classes)) => classes.contains(&class(row)),
        }
    }

    /// Returns the weight of each class in this selection, before corrections.
    fn weights(&self) -> Weights {
        let mut weights = [0; MAX_CLASSES];
        match &self.select.classes {
            None => weights[..usize::from(self.list.classes)].fill(1),
            Some(classes) => classes.iter().for_each(|class| weights[usize::from(*class)] = 1),
        }
        weights
    }

    /// Returns the number of wanted rows of each bucket below one parent, corrected by the lens.
    ///
    /// A row that moves between classes changes the tally of the list and that of a correction, and the two readings
    /// may not match. So both are read twice. Buckets that changed in between are counted from the level below and
    /// finally from the rows, whose effective class [`Lens::keep`] decides.
    async fn node(&self, level: usize, parent: u64) -> Result<Node, Error> {
        if self.lens.is_none_or(|lens| lens.corrections.is_empty()) {
            let own = self.tallies(self.list, self.weights(), level, parent).await?;
            return Ok(own.into_iter().map(|(bucket, tally)| (bucket, tally.count)).collect());
        }
        let read = || try_join(self.tallies(self.list, self.weights(), level, parent), self.corrections(level, parent));
        let (first, second) = (read().await?, read().await?);
        let changed: BTreeSet<_> = differences(&first.0, &second.0).chain(differences(&first.1, &second.1)).collect();
        let (mut sum, corrections) = second;
        add(&mut sum, corrections);
        let mut node: Node = sum.into_iter().map(|(bucket, tally)| (bucket, tally.count)).collect();
        for bucket in changed {
            node.insert(bucket, self.recount(level, bucket).await?);
        }
        Ok(node)
    }

    /// Counts the wanted rows of one bucket from the level below, or from its rows.
    async fn recount(&self, level: usize, bucket: u64) -> Result<i64, Error> {
        if level > 0 {
            let below = Box::pin(self.node(level - 1, bucket)).await?;
            return Ok(below.into_values().map(|count| count.max(0)).sum());
        }
        let rows = self.rows(self.list.positions(0, bucket), None).await?;
        Ok(rows.iter().filter(|row| self.wanted(row)).count() as i64)
    }

    async fn corrections(&self, level: usize, parent: u64) -> Result<Reading, Error> {
        let corrections = self.lens.map(|lens| lens.corrections.as_slice()).unwrap_or_default();
        let read = corrections.iter().map(|part| self.tallies(&part.list, part.weights, level, parent));
        let mut sum = Reading::new();
        for node in read_all(read.collect()).await? {
            add(&mut sum, node);
        }
        Ok(sum)
    }

    /// Reads the tallies below one parent bucket, summed over all shards and weighted for the selection.
    async fn tallies(&self, list: &List, weights: Weights, level: usize, parent: u64) -> Result<Reading, Error> {
        let pk = keys::tally_partition(self.shop, list.key_name(), level, parent);
        let Bounds { first, last } = self.bounds;
        let between = Some(keys::tally_range(list.bucket(level, first), list.bucket(level, last)));
        let items = self.store.query(&Range { pk, between, ..Range::default() }).await?;
        let mut reading = Reading::new();
        for item in &items {
            if let Some(bucket) = text(item, keys::SK).and_then(keys::tally_bucket) {
                let tally: &mut Tallied = reading.entry(bucket).or_default();
                tally.count += Counts::of_item(item).weighted(weights);
                tally.changes += Counts::changes_of(item);
            }
        }
        Ok(reading)
    }

    /// Reads the rows of a range, in the order of the selection; at most `limit` of each class if the classes have
    /// partitions of their own.
    async fn rows(&self, bounds: Bounds, limit: Option<usize>) -> Result<Vec<Item>, Error> {
        let own = || keys::row_partition(self.shop, self.list.key_name(), bounds.first >> self.list.row_shift);
        match &self.select.classes {
            Some(classes) if self.list.by_class && self.lens.is_none() => {
                let of_class = |class: &Class| keys::row_partition(self.shop, self.list.class_name(*class), 0);
                let read = || classes.iter().map(|class| self.range(of_class(class), bounds, limit));
                let mut rows: Vec<_> = try_join_all(read()).await?.into_iter().flatten().collect();
                // While the classes are read, a row can move from a class not yet read to one already read. It is then
                // in neither result, and the second reading finds it.
                if classes.len() > 1 {
                    rows.extend(try_join_all(read()).await?.into_iter().flatten());
                }
                // A row that moved to another class between the readings appears twice. The later version is kept.
                rows.sort_by_cached_key(|row| (entity::id(row), std::cmp::Reverse(entity::version(row))));
                rows.dedup_by_key(|row| entity::id(row));
                if self.select.direction == Direction::Descending {
                    rows.reverse();
                }
                Ok(rows)
            }
            _ => self.range(own(), bounds, limit).await,
        }
    }

    async fn range(&self, pk: String, bounds: Bounds, limit: Option<usize>) -> Result<Vec<Item>, Error> {
        let between = Some((keys::row_position(bounds.first), keys::row_position(bounds.last)));
        let descending = self.select.direction == Direction::Descending;
        self.store.query(&Range { pk, between, descending, limit }).await
    }
}

/// Returns the buckets on which two readings differ.
fn differences<'a>(one: &'a Reading, other: &'a Reading) -> impl Iterator<Item = u64> {
    let changed = one.iter().filter(|(bucket, tally)| other.get(bucket) != Some(tally));
    let new = other.keys().filter(|bucket| !one.contains_key(bucket));
    changed.map(|(bucket, _)| *bucket).chain(new.copied())
}

fn add(reading: &mut Reading, other: Reading) {
    for (bucket, tally) in other {
        let sum = reading.entry(bucket).or_default();
        sum.count += tally.count;
        sum.changes += tally.changes;
    }
}

/// A tally as it was read: its number of wanted rows, and its number of changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tallied {
    count: i64,
    changes: u64,
}

/// The tallies below one parent bucket, by bucket.
type Reading = BTreeMap<u64, Tallied>;

enum Run {
    Read(Vec<Item>),
    Unread(Bounds),
}

fn text<'a>(item: &'a Item, attribute: &str) -> Option<&'a str> {
    item.get(attribute).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// Returns the class of a row.
pub fn class(row: &Item) -> Class {
    row.get(CLASS).and_then(|value| value.as_n().ok()).and_then(|digits| digits.parse().ok()).unwrap_or(super::ONLY)
}
