//! Exact lists on DynamoDB: any page, from either end, with the exact count, at a cost that does not grow with the page
//! number and hardly with the list.
//!
//! DynamoDB has neither count nor offset. A *ranked list* keeps both beside the rows:
//!
//! * A row stands at a *position*, a number below 2^53 (mostly its id), in a partition with its neighbours.
//! * A *tally* counts the rows of one bucket of positions, by class (a status that lists filter on). Buckets of level 0
//!   hold 2^6 positions; buckets of each further level sum 2^7 or 2^8 of those below. Tallies change in the transaction
//!   of the row, by unconditional ADDs, so writers do not wait for one another but for the moment of the write itself.
//! * Under contention, and for a while after it, a tally is written on further *shards*; readers sum them. One shard may be
//!   negative.
//!
//! Reading a page: the tallies of the top level give the count, and by prefix sums the bucket in which the page starts;
//! the tallies inside that bucket give the leaf; one range query gives the rows. With bounds (`id__gt`, `id__lt`) the
//! tallies around each bound are read beside the top level, since the bound itself says where they are.
//!
//! While others write, `count` is one reading of the top tallies, and the rows are sorted, free of duplicates, and
//! refilled from what follows where one vanished. At rest all is exact.

pub mod audit;
pub mod bulk;
pub mod paginate;
mod read;
mod segments;
mod select;
pub mod tally;
mod write;

pub use paginate::PageNumber;
pub use read::class;
pub use select::{Correction, Direction, Lens, Page, Select, refilled};

use super::keys::ListName;
use crate::domain::id::Id;

/// A ranked list of a shop.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// Its name in keys.
    pub name: &'static str,
    /// What it belongs to, where there are many of its name; see [`List::of`].
    pub of: Option<Id>,
    /// How far a position is shifted to give its bucket, from the leaves up. Positions of a list whose top level is
    /// coarser than all its rows are read in one query for each level, so dense lists have few.
    pub shifts: &'static [u32],
    /// How far a position is shifted to give the partition of its row; not less than the top of `shifts`, so that the
    /// rows of a bucket never straddle partitions.
    pub row_shift: u32,
    /// How many classes its rows fall into.
    pub classes: u8,
    /// Whether copies of its rows stand by class too, so that a page of one class is a range however few its rows are
    /// among the others.
    pub by_class: bool,
}

/// Positions that grow one by one, such as ids of our own: at a million rows the top level has 123 tallies.
pub const DENSE: &[u32] = &[6, 13];

/// Positions that may lie anywhere below 2^53, such as ids that a shop brings: no bucket of any level has more than 256
/// below it.
pub const SPARSE: &[u32] = &[6, 14, 22, 30, 38, 46];

impl List {
    /// A list over ids of our own, of one class.
    pub const fn dense(name: &'static str) -> Self {
        Self { name, of: None, shifts: DENSE, row_shift: 13, classes: 1, by_class: false }
    }

    /// A list over the shop's ids, of one class. All rows share a partition, so that scattered ones are read at once;
    /// DynamoDB splits such a partition by sort key when it is hot.
    pub const fn sparse(name: &'static str) -> Self {
        Self { name, of: None, shifts: SPARSE, row_shift: 53, classes: 1, by_class: false }
    }

    /// The list of this name that belongs to `id`.
    #[must_use]
    pub fn of(&self, id: Id) -> Self {
        Self { of: Some(id), ..*self }
    }

    fn key_name(&self) -> ListName {
        ListName { name: self.name, of: self.of, class: None }
    }

    /// The name under which the copies of its rows of one class stand, all in one partition.
    fn class_name(&self, class: Class) -> ListName {
        ListName { class: Some(class), ..self.key_name() }
    }

    fn bucket(&self, level: usize, position: u64) -> u64 {
        position >> self.shifts[level]
    }

    fn top(&self) -> usize {
        self.shifts.len() - 1
    }

    /// The bucket one level up, or 0 above the top.
    fn parent(&self, level: usize, bucket: u64) -> u64 {
        if level == self.top() { 0 } else { bucket >> (self.shifts[level + 1] - self.shifts[level]) }
    }
}

/// The class of a row in a list, below [`List::classes`].
pub type Class = u8;

/// The only class of a list that has no filter by tally.
pub const ONLY: Class = 0;

/// The most classes of a list.
pub const MAX_CLASSES: usize = 4;

/// The attribute that holds the class of a row, in lists of more than one.
pub const CLASS: &str = "class";
