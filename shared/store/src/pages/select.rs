//! What of a ranked list is asked for, and what is answered.

use super::{Class, List, paginate::PageNumber, tally::Weights};
use crate::{error::Error, table::Item};

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
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page { count: self.count, number: self.number, rows: self.rows.into_iter().map(turn).collect() }
    }

    /// The page with each row turned into another.
    pub fn try_map<U>(self, turn: impl FnMut(T) -> Result<U, Error>) -> Result<Page<U>, Error> {
        let Self { count, number, rows } = self;
        Ok(Page { count, number, rows: rows.into_iter().map(turn).collect::<Result<_, _>>()? })
    }
}

/// How often a page is read for the sake of rows that went meanwhile.
const READINGS: u32 = 8;

/// A page whose rows nest what is read after them: where a row has gone meanwhile with what it nests, everything is read
/// again. Whoever walks a list by its last id takes an empty page for its end, so the rows that come next must move up.
///
/// # Errors
/// Those of `read`.
pub async fn refilled<U, F>(read: impl Fn() -> F) -> Result<Page<U>, Error>
where
    F: Future<Output = Result<Page<Option<U>>, Error>>,
{
    // Boxed, since reading a page nests many futures, whose frames are large where they are not optimised.
    let mut page = Box::pin(read()).await?;
    for _ in 1..READINGS {
        if page.rows.iter().all(Option::is_some) {
            break;
        }
        page = Box::pin(read()).await?;
    }
    let Page { count, number, rows } = page;
    Ok(Page { count, number, rows: rows.into_iter().flatten().collect() })
}

/// A part of a list whose rows are to be counted otherwise than their stored class says.
#[derive(Debug, Clone)]
pub struct Correction {
    /// A list over the same positions that holds copies of those rows.
    pub list: List,
    /// How much each of its rows adds to what the list itself counts, by stored class.
    pub weights: Weights,
}

/// How a list is seen where the stored classes of some rows lag behind what they are to mean.
pub struct Lens<'a> {
    /// Those rows.
    pub corrections: Vec<Correction>,
    /// Whether a row is selected: in the place of [`Select::classes`] for rows, as the weights are for counts.
    pub keep: &'a (dyn Fn(&Item) -> bool + Send + Sync),
}
