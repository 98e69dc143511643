//! Page numbers, as Django's paginator counts them; and pages of what is already in memory.

use super::select::Page;
use crate::error::Error;

/// A page as a request names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageNumber {
    /// From 1.
    Number(u64),
    /// `page=last`.
    Last,
}

/// The number of the page among `count` rows and the rows before it. The first page exists even of nothing.
///
/// ```
/// use shared::table::pages::{PageNumber, paginate::locate};
/// assert_eq!(locate(11, PageNumber::Number(2), 10).unwrap(), (2, 10));
/// assert_eq!(locate(0, PageNumber::Last, 10).unwrap(), (1, 0));
/// assert!(locate(10, PageNumber::Number(2), 10).is_err());
/// ```
pub fn locate(count: u64, number: PageNumber, size: u64) -> Result<(u64, u64), Error> {
    let pages = count.div_ceil(size).max(1);
    let number = match number {
        PageNumber::Number(number) => number,
        PageNumber::Last => pages,
    };
    if (1..=pages).contains(&number) { Ok((number, (number - 1) * size)) } else { Err(Error::InvalidPage) }
}

/// A page of rows that are all at hand, in their order.
pub fn of_rows<T>(rows: Vec<T>, number: PageNumber, size: u64) -> Result<Page<T>, Error> {
    let count = rows.len() as u64;
    let (number, offset) = locate(count, number, size)?;
    Ok(Page { count, number, rows: stretch(rows, offset, size).collect() })
}

/// At most `wanted` rows after the first `offset`.
pub fn stretch<T>(rows: Vec<T>, offset: u64, wanted: u64) -> impl Iterator<Item = T> {
    let bounded = |number| usize::try_from(number).unwrap_or(usize::MAX);
    rows.into_iter().skip(bounded(offset)).take(bounded(wanted))
}
