//! Page numbers, counted as in Django's paginator, and pages of rows that are already in memory.

use crate::pages::select::{Page, PageNumber};
use domain::error::Error;

/// Returns the page number among `count` rows, and the number of rows before the page. The first page always exists,
/// even of no rows.
///
/// ```
/// use store::pages::{PageNumber, paginate::locate};
/// assert_eq!(locate(11, PageNumber::Number(2), 10).unwrap(), (2, 10));
/// assert_eq!(locate(0, PageNumber::Last, 10).unwrap(), (1, 0));
/// assert!(locate(10, PageNumber::Number(2), 10).is_err());
/// ```
///
/// # Errors
/// [`Error::InvalidPage`] if there is no such page.
pub fn locate(count: u64, number: PageNumber, size: u64) -> Result<(u64, u64), Error> {
    let pages = count.div_ceil(size).max(1);
    let number = match number {
        PageNumber::Number(number) => number,
        PageNumber::Last => pages,
    };
    if (1..=pages).contains(&number) { Ok((number, (number - 1) * size)) } else { Err(Error::InvalidPage) }
}

/// Returns one page of rows that are all in memory, in their order.
///
/// # Errors
/// [`Error::InvalidPage`] if there is no such page.
pub fn of_rows<T>(rows: Vec<T>, number: PageNumber, size: u64) -> Result<Page<T>, Error> {
    let count = rows.len() as u64;
    let (number, offset) = locate(count, number, size)?;
    Ok(Page { count, number, rows: stretch(rows, offset, size).collect() })
}

/// Returns at most `wanted` rows after the first `offset` rows.
pub fn stretch<T>(rows: Vec<T>, offset: u64, wanted: u64) -> impl Iterator<Item = T> {
    let bounded = |number| usize::try_from(number).unwrap_or(usize::MAX);
    rows.into_iter().skip(bounded(offset)).take(bounded(wanted))
}
