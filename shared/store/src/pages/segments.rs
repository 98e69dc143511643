//! Location of a page in a list: pure arithmetic over tallies.

use std::collections::{BTreeMap, VecDeque};

use crate::pages::List;

/// The buckets below one parent bucket, each with its number of wanted rows.
pub(super) type Node = BTreeMap<u64, i64>;

/// A part of a list, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Segment<R> {
    /// A whole bucket, of which only the tally is known.
    Bucket {
        /// Level of the bucket.
        level: usize,
        /// Number of the bucket.
        bucket: u64,
        /// Number of its wanted rows.
        count: u64,
    },
    /// Rows that were read, in the order of the selection.
    Rows(Vec<R>),
}

impl<R> Segment<R> {
    pub(super) fn count(&self) -> u64 {
        match self {
            Self::Bucket { count, .. } => *count,
            Self::Rows(rows) => rows.len() as u64,
        }
    }
}

/// A range of positions, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl List {
    /// Returns the positions of a bucket.
    pub(super) fn positions(&self, level: usize, bucket: u64) -> Bounds {
        let shift = self.shifts[level];
        Bounds { first: bucket << shift, last: (bucket << shift) | ((1 << shift) - 1) }
    }

    /// Returns the segments of a node inside `bounds`, in ascending order. `split` splits the buckets that lie partly
    /// outside; it knows the rows and buckets around the bounds.
    pub(super) fn segments<R>(
        &self,
        level: usize,
        node: &Node,
        bounds: Bounds,
        split: &mut impl FnMut(usize, u64) -> Vec<Segment<R>>,
    ) -> Vec<Segment<R>> {
        let range = self.bucket(level, bounds.first)..=self.bucket(level, bounds.last);
        let mut segments = Vec::new();
        for (&bucket, &count) in node.range(range) {
            let inside = self.positions(level, bucket);
            if bounds.first <= inside.first && inside.last <= bounds.last {
                if let Ok(count @ 1..) = u64::try_from(count) {
                    segments.push(Segment::Bucket { level, bucket, count });
                }
            } else {
                segments.extend(split(level, bucket));
            }
        }
        segments
    }
}

/// Drops the segments before the page. Returns the number of rows of the first remaining segment that also lie before
/// it.
pub(super) fn skip<R>(segments: &mut VecDeque<Segment<R>>, mut offset: u64) -> u64 {
    while let Some(first) = segments.front() {
        if first.count() > offset {
            break;
        }
        offset -= first.count();
        segments.pop_front();
    }
    offset
}

/// Returns the number of leading segments that hold the next `offset + wanted` rows.
pub(super) fn window<R>(segments: &VecDeque<Segment<R>>, offset: u64, wanted: u64) -> usize {
    let mut held = 0;
    for (index, segment) in segments.iter().enumerate() {
        held += segment.count();
        if held >= offset + wanted {
            return index + 1;
        }
    }
    segments.len()
}
