//! Lists: a page of them, and a walk over all of their rows.

use std::{collections::VecDeque, fmt, future::IntoFuture, marker::PhantomData, pin::Pin};

use futures_util::stream::{Stream, try_unfold};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{Client, Error, call::Call, operations::Operation};

/// The most rows of a page.
const MOST_ROWS: u32 = 100;

/// A row of a list.
pub trait Row: DeserializeOwned + Send + 'static {
    /// Its id.
    fn id(&self) -> u64;
}

/// A row as it came, with the fields that this version of the crate does not know.
pub type RawRow = Map<String, Value>;

impl Row for RawRow {
    fn id(&self) -> u64 {
        self.get("id").and_then(Value::as_u64).unwrap_or_default()
    }
}

/// A page of a list, or all rows that a change made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// Rows in all that the filters select; exact.
    pub count: u64,
    /// The address of the next page; none on the last one.
    pub next: Option<String>,
    /// The address of the page before; none on the first one.
    pub previous: Option<String>,
    /// The rows.
    pub results: Vec<T>,
}

/// In which order a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderBy {
    /// The smallest id first.
    Id,
    /// The largest id first.
    IdDescending,
    /// The oldest first, where rows have a `created_at`.
    CreatedAt,
    /// The newest first, where rows have a `created_at`.
    CreatedAtDescending,
}

impl OrderBy {
    fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::IdDescending => "-id",
            Self::CreatedAt => "created_at",
            Self::CreatedAtDescending => "-created_at",
        }
    }
}

/// A list that is asked for when it is awaited: `client.coupon_code_list().coupon(7).page_size(50).await?` answers a
/// [`Page`]. Every resource adds its filters; [`walk`](Self::walk) goes over all rows.
#[must_use = "nothing is asked before it is awaited"]
pub struct List<T> {
    client: Client,
    call: Call,
    rows: PhantomData<fn() -> T>,
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), call: self.call.clone(), rows: PhantomData }
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.call.query.iter().map(|(name, _)| name).collect();
        formatter.debug_struct("List").field("of", &self.call.operation.path).field("by", &names).finish()
    }
}

impl<T> List<T> {
    pub(crate) fn new(client: &Client, operation: Operation) -> Self {
        Self { client: client.clone(), call: Call::new(operation, ""), rows: PhantomData }
    }

    /// Sets a parameter, instead of what it was.
    pub(crate) fn set(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.call.query.retain(|(known, _)| *known != name);
        self.call.query.push((name, value.to_string()));
        self
    }

    /// Sets a parameter to several values, of which a row has one.
    pub(crate) fn set_any(self, name: &'static str, values: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        let values: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
        self.set(name, values.join(","))
    }

    /// The page of this number, from 1. Numbers count what is there now: a row that is deleted meanwhile moves those after it
    /// to the front, and a reader of page after page misses some of them. [`walk`](Self::walk) does not.
    pub fn page(self, number: u64) -> Self {
        self.set("page", number)
    }

    /// The last page.
    pub fn last_page(self) -> Self {
        self.set("page", "last")
    }

    /// How many rows a page has: 1 to 100; 10 without.
    pub fn page_size(self, rows: u32) -> Self {
        self.set("page_size", rows)
    }

    /// In which order the list runs; levels by id without, others newest first.
    pub fn order_by(self, order: OrderBy) -> Self {
        self.set("order_by", order.name())
    }

    /// Only rows with a larger id.
    pub fn id_gt(self, id: u64) -> Self {
        self.set("id__gt", id)
    }

    /// Only rows with a smaller id.
    pub fn id_lt(self, id: u64) -> Self {
        self.set("id__lt", id)
    }

    /// The same list with its rows as they came.
    pub fn raw(self) -> List<RawRow> {
        List { client: self.client, call: self.call, rows: PhantomData }
    }

    /// A walk over all rows that the filters select, by id, from the smallest on.
    pub fn walk(self) -> Walk<T> {
        self.walk_after(0)
    }

    /// A walk that goes on after this id: the [`position`](Walk::position) of an earlier one.
    pub fn walk_after(self, id: u64) -> Walk<T> {
        let wanted = self.call.query.iter().find(|(name, _)| *name == "page_size");
        let most = wanted.and_then(|(_, size)| size.parse().ok()).unwrap_or(MOST_ROWS).clamp(1, MOST_ROWS);
        let mut list = self.order_by(OrderBy::Id);
        list.call.query.retain(|(name, _)| *name != "page");
        Walk { list, after: id, size: most, most, ended: false }
    }
}

impl<T: Row> List<T> {
    async fn ask(&self) -> Result<Page<T>, Error> {
        self.client.call(&self.call, None).await?.parsed()
    }
}

impl<T: Row> IntoFuture for List<T> {
    type Output = Result<Page<T>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.ask().await })
    }
}

/// A walk over the rows of a list by `id__gt`: each page is what comes after the last row that was seen.
///
/// A row that is there from the first request to the last is seen exactly once, and none is seen twice, whatever is created
/// and deleted meanwhile; ids come in increasing order. A row that is made or deleted meanwhile is seen or not. What it cannot
/// see: a change of a row that it has passed.
///
/// It keeps one page in memory. Pages are as large as [`List::page_size`] says, 100 without; where rows are so large that a page
/// would pass the 5 MB of a reply, it asks for fewer at a time.
pub struct Walk<T> {
    list: List<T>,
    after: u64,
    size: u32,
    most: u32,
    ended: bool,
}

impl<T> fmt::Debug for Walk<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Walk").field("list", &self.list).field("after", &self.after).finish_non_exhaustive()
    }
}

impl<T: Row> Walk<T> {
    /// The id of the last row that was answered, or what the walk began after: where another walk goes on.
    pub fn position(&self) -> u64 {
        self.after
    }

    /// The next rows; none at the end. After an error it may be asked again and goes on in the same place.
    ///
    /// # Errors
    /// See [`Error`]; the retries of the [`RetryPolicy`](crate::RetryPolicy) are behind it.
    pub async fn next_page(&mut self) -> Result<Vec<T>, Error> {
        if self.ended {
            return Ok(Vec::new());
        }
        let Page { count, results: rows, .. } = self.ask().await?;
        let mut after = self.after;
        for id in rows.iter().map(Row::id) {
            if id <= after {
                return Err(Error::OutOfOrder { path: self.list.call.operation.path, after, id });
            }
            after = id;
        }
        self.after = after;
        // A page that is not full is no end: where the shop gives the ids, rows may come to be below the last one of it.
        self.ended = rows.is_empty() && count == 0;
        if rows.is_empty() && !self.ended {
            return Err(Error::Torn { path: self.list.call.operation.path, after, count });
        }
        Ok(rows)
    }

    async fn ask(&mut self) -> Result<Page<T>, Error> {
        loop {
            match self.list.clone().id_gt(self.after).page_size(self.size).ask().await {
                Ok(page) => {
                    self.size = self.size.saturating_mul(2).min(self.most);
                    return Ok(page);
                }
                Err(Error::Invalid(errors)) if self.size > 1 && !errors.messages("page_size").is_empty() => {
                    self.size /= 2;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The rows one by one. The stream ends after an error.
    pub fn rows(self) -> impl Stream<Item = Result<T, Error>> + Send {
        try_unfold((self, VecDeque::new()), |(mut walk, mut rows): (Self, VecDeque<T>)| async move {
            if rows.is_empty() {
                rows = walk.next_page().await?.into();
            }
            Ok(rows.pop_front().map(|row| (row, (walk, rows))))
        })
    }
}
