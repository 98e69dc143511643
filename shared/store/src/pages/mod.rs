//! Exact lists on DynamoDB: any page, from either end, with the exact count. The cost of a page does not grow with the
//! page number, and hardly with the length of the list.
//!
//! DynamoDB has neither a count nor an offset. A *ranked list* stores both beside its rows:
//!
//! * A row has a *position*, a number below 2^53 (mostly its id). Its partition holds the rows with neighbouring
//!   positions.
//! * A *tally* counts the rows of one bucket of positions by class. A class is a status that lists filter on. A bucket
//!   of level 0 holds 2^6 positions; a bucket of each further level sums 2^7 or 2^8 buckets of the level below. Tallies
//!   change in the transaction of the row, by unconditional additions. So writers wait for each other only for the
//!   moment of the write itself.
//! * Under contention, and for a while after it, a tally is written on further *shards*, and readers sum them. A single
//!   shard may be negative.
//!
//! To read a page, the tallies of the top level give the count and, by prefix sums, the bucket in which the page
//! starts. The tallies inside that bucket give the leaf, and one range query gives the rows. With bounds (`id__gt`,
//! `id__lt`) the tallies around each bound are read together with the top level, because the bound itself tells where
//! they are.
//!
//! While others write, `count` is one reading of the top tallies. The rows are sorted and free of duplicates, and where
//! a row has vanished the following rows move up. With no writes going on, everything is exact.

pub mod audit;
pub mod bulk;
pub mod paginate;
mod read;
mod segments;
mod select;
pub mod tally;
mod write;

pub use read::class;
pub use select::{Correction, Direction, Lens, Page, PageNumber, Select, refilled};

use crate::keys::ListName;
use domain::id::Id;

/// Definition of a ranked list of a shop.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// Name of the list, as it stands in keys.
    pub name: &'static str,
    /// Owner of the list, if there are many lists of this name; see [`List::of`].
    pub of: Option<Id>,
    /// Bits by which a position is shifted to give its bucket, for each level from the leaves up. If the top level is
    /// coarser than all rows of a list, each level costs one query; so dense lists have few levels.
    pub shifts: &'static [u32],
    /// Bits by which a position is shifted to give the partition of its row. Not less than the last of `shifts`, so
    /// that the rows of a bucket never lie in two partitions.
    pub row_shift: u32,
    /// Number of classes of its rows, 1 to [`MAX_CLASSES`].
    pub classes: u8,
    /// True if the list also stores a copy of each row in a partition of its class. A page of one class is then a
    /// range, however few its rows are among the others.
    pub by_class: bool,
}

/// Levels for positions that grow one by one, such as ids that this service chooses. With a million rows the top level
/// has 123 tallies.
pub const DENSE: &[u32] = &[6, 13];

/// Levels for positions anywhere below 2^53, such as ids that a shop chooses. A bucket has at most 256 buckets of the
/// level below it.
pub const SPARSE: &[u32] = &[6, 14, 22, 30, 38, 46];

impl List {
    /// Returns a list over ids that this service chooses, with one class.
    pub const fn dense(name: &'static str) -> Self {
        Self { name, of: None, shifts: DENSE, row_shift: 13, classes: 1, by_class: false }
    }

    /// Returns a list over ids that the shop chooses, with one class. All rows share one partition, so that scattered
    /// rows are read in one query. DynamoDB splits such a partition by sort key if it becomes hot.
    pub const fn sparse(name: &'static str) -> Self {
        Self { name, of: None, shifts: SPARSE, row_shift: 53, classes: 1, by_class: false }
    }

    /// Returns the list of this name that belongs to `id`.
    #[must_use]
    pub fn of(&self, id: Id) -> Self {
        Self { of: Some(id), ..*self }
    }

    fn key_name(&self) -> ListName {
        ListName { name: self.name, of: self.of, class: None }
    }

    /// Returns the name for the copies of the rows of one class, which share one partition.
    fn class_name(&self, class: Class) -> ListName {
        ListName { class: Some(class), ..self.key_name() }
    }

    fn bucket(&self, level: usize, position: u64) -> u64 {
        position >> self.shifts[level]
    }

    fn top(&self) -> usize {
        self.shifts.len() - 1
    }

    /// Returns the bucket one level up, or 0 above the top level.
    fn parent(&self, level: usize, bucket: u64) -> u64 {
        if level == self.top() { 0 } else { bucket >> (self.shifts[level + 1] - self.shifts[level]) }
    }
}

/// Class of a row in a list, below [`List::classes`].
pub type Class = u8;

/// The only class of a list that has no filter by tally.
pub const ONLY: Class = 0;

/// Largest number of classes of a list.
pub const MAX_CLASSES: usize = 4;

/// Name of the attribute that holds the class of a row, in lists with several classes.
pub(crate) const CLASS: &str = "class";
