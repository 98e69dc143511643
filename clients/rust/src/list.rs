//! Lists: a page of rows, and a walk over all rows.

use std::{collections::VecDeque, fmt, future::IntoFuture, marker::PhantomData, pin::Pin};

use futures_util::stream::{Stream, try_unfold};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{Client, Error, call::Call, operations::Operation};

/// The most rows of one page.
const MOST_ROWS: u32 = 100;

/// A row of a list, which has an id.
pub trait Row: DeserializeOwned + Send + 'static {
    /// Returns the id of the row.
    fn id(&self) -> u64;
}

/// A row as JSON, including fields that this version of the crate does not know.
pub type RawRow = Map<String, Value>;

impl Row for RawRow {
    fn id(&self) -> u64 {
        self.get("id").and_then(Value::as_u64).unwrap_or_default()
    }
}

/// A page of a list, or all rows that a change created.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The exact number of rows that the filters select.
    pub count: u64,
    /// The address of the next page; `None` on the last page.
    pub next: Option<String>,
    /// The address of the page before; `None` on the first page.
    pub previous: Option<String>,
    /// The rows of the page.
    pub results: Vec<T>,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderBy {
    /// By id, the smallest first.
    Id,
    /// By id, the largest first.
    IdDescending,
    /// By `created_at`, the oldest first. Only for rows that have it.
    CreatedAt,
    /// By `created_at`, the newest first. Only for rows that have it.
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

/// A list, which is requested when it is awaited: `client.coupon_code_list().coupon(7).page_size(50).await?` returns a
/// [`Page`]. Every resource adds its filters. [`walk`](Self::walk) goes over all rows.
#[must_use = "nothing is requested until it is awaited"]
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

    /// Sets a query parameter, and replaces its earlier value.
    pub(crate) fn set(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.call.query.retain(|(known, _)| *known != name);
        self.call.query.push((name, value.to_string()));
        self
    }

    /// Sets a query parameter to several values, of which a row must have one.
    pub(crate) fn set_any(self, name: &'static str, values: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        let values: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
        self.set(name, values.join(","))
    }

    /// Selects a page by its number, from 1. A row that is deleted between two requests moves the later rows forward,
    /// so that a reader of page after page misses some of them. [`walk`](Self::walk) does not.
    pub fn page(self, number: u64) -> Self {
        self.set("page", number)
    }

    /// Selects the last page.
    pub fn last_page(self) -> Self {
        self.set("page", "last")
    }

    /// Sets the number of rows of a page, from 1 to 100. The default is 10.
    pub fn page_size(self, rows: u32) -> Self {
        self.set("page_size", rows)
    }

    /// Sets the order. By default levels are ordered by id, and other lists newest first.
    pub fn order_by(self, order: OrderBy) -> Self {
        self.set("order_by", order.name())
    }

    /// Selects rows with a larger id than this.
    pub fn id_gt(self, id: u64) -> Self {
        self.set("id__gt", id)
    }

    /// Selects rows with a smaller id than this.
    pub fn id_lt(self, id: u64) -> Self {
        self.set("id__lt", id)
    }

    /// Returns the same list with its rows as JSON.
    pub fn raw(self) -> List<RawRow> {
        List { client: self.client, call: self.call, rows: PhantomData }
    }

    /// Returns a walk over all selected rows, from the smallest id.
    pub fn walk(self) -> Walk<T> {
        self.walk_after(0)
    }

    /// Returns a walk that starts after this id, such as the [`position`](Walk::position) of an earlier walk.
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

/// A walk over the rows of a list by `id__gt`. Each page has the rows after the last one that was seen.
///
/// A row that exists from the first request to the last is seen exactly once, and no row is seen twice, even if rows
/// are created and deleted at the same time. Ids come in increasing order. A row that is created or deleted during the
/// walk may or may not be seen. A change of a row that was already passed is not seen.
///
/// The walk keeps one page in memory. Pages have the size of [`List::page_size`], or 100 rows. If rows are so large
/// that a page would exceed the limit of 5 MB for a reply, the walk requests smaller pages.
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
    /// Returns the id of the last row that was returned, or the id after which the walk started. Another walk can
    /// continue from it.
    pub fn position(&self) -> u64 {
        self.after
    }

    /// Returns the next rows, and an empty list at the end. After an error the next call continues from the same
    /// position.
    ///
    /// # Errors
    /// See [`Error`]. The retries of the [`RetryPolicy`](crate::RetryPolicy) come before it.
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
        // A page that is not full is not the end: in a list with the shop's own ids, rows may appear after the last row
        // of the page.
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

    /// Returns the rows one by one. The stream ends after an error.
    pub fn rows(self) -> impl Stream<Item = Result<T, Error>> + Send {
        try_unfold((self, VecDeque::new()), |(mut walk, mut rows): (Self, VecDeque<T>)| async move {
            if rows.is_empty() {
                rows = walk.next_page().await?.into();
            }
            Ok(rows.pop_front().map(|row| (row, (walk, rows))))
        })
    }
}
