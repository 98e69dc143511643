//! Selections of a ranked list, and the pages that answer them.

use crate::{
    Item,
    pages::{Class, List, tally::Weights},
};
use domain::error::Error;

/// The page that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageNumber {
    /// Page number, from 1.
    Number(u64),
    /// The last page (`page=last`).
    Last,
}

/// Order of a list by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest position first: oldest rows first.
    Ascending,
    /// Largest position first: newest rows first.
    Descending,
}

impl Direction {
    /// Returns the opposite order.
    pub fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// Selection of rows, and the page of them to read.
#[derive(Debug, Clone)]
pub struct Select {
    /// Classes to select; `None` means all. A [`Lens`] takes the place of this field.
    pub classes: Option<Vec<Class>>,
    /// Selects only positions above this one.
    pub after: Option<u64>,
    /// Selects only positions below this one.
    pub before: Option<u64>,
    /// Order of the rows.
    pub direction: Direction,
    /// The page to read.
    pub number: PageNumber,
    /// Number of rows on a page, at least 1.
    pub size: u64,
}

impl Select {
    /// Returns true if a position lies between the bounds.
    pub fn holds(&self, position: u64) -> bool {
        self.after.is_none_or(|after| position > after) && self.before.is_none_or(|before| position < before)
    }

    /// Returns the selection of the first `size` rows of a list, from one end.
    pub fn first(size: u64, direction: Direction) -> Self {
        Self { classes: None, after: None, before: None, direction, number: PageNumber::Number(1), size }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// Number of rows in the whole selection.
    pub count: u64,
    /// Number of this page, from 1.
    pub number: u64,
    /// Rows of this page.
    pub rows: Vec<T>,
}

impl<T> Page<T> {
    /// Returns the page with other rows in place of its own.
    pub fn with<U>(self, rows: Vec<U>) -> Page<U> {
        Page { count: self.count, number: self.number, rows }
    }

    /// Returns the page with each row converted.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page { count: self.count, number: self.number, rows: self.rows.into_iter().map(turn).collect() }
    }

    /// Returns the page with each row converted, or the first error.
    pub fn try_map<U>(self, turn: impl FnMut(T) -> Result<U, Error>) -> Result<Page<U>, Error> {
        let Self { count, number, rows } = self;
        Ok(Page { count, number, rows: rows.into_iter().map(turn).collect::<Result<_, _>>()? })
    }
}

/// Largest number of times that a page is read because rows vanished.
const READINGS: u32 = 8;

/// Reads a page again if the data that one of its rows refers to has vanished, up to 8 times in all. `read` returns
/// `None` for such a row. The next rows have to move up, because a client that walks a list by its last id takes an
/// empty page for the end of the list.
///
/// # Errors
/// The errors of `read`.
pub async fn refilled<U, F>(read: impl Fn() -> F) -> Result<Page<U>, Error>
where
    F: Future<Output = Result<Page<Option<U>>, Error>>,
{
    // Boxed, because reading a page nests many futures, whose stack frames are large in unoptimised builds.
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

/// Rows of a list that count under another class than their stored one.
#[derive(Debug, Clone)]
pub struct Correction {
    /// A list over the same positions that holds copies of those rows.
    pub list: List,
    /// Number that each of its rows adds to the count of the corrected list, by stored class.
    pub weights: Weights,
}

/// A view of a list. It is needed while the stored classes of some rows lag behind their effective classes.
pub struct Lens<'a> {
    /// Corrections of the stored tallies, one for each group of such rows.
    pub corrections: Vec<Correction>,
    /// Test for the rows to keep, by their effective class. It takes the place of [`Select::classes`] for rows; the
    /// weights do so for counts.
    pub keep: &'a (dyn Fn(&Item) -> bool + Send + Sync),
}
