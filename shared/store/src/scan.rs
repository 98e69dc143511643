//! Scan of the whole table, for the tools of operators alone. No request and no job needs it, and no role allows it.

use std::time::Instant;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use futures_util::stream::{self, Stream, TryStreamExt};

use crate::{
    Item,
    client::Store,
    faults::fault,
    meter::{self, Operation},
};
use domain::error::Error;

/// Number of segments of the table that are read side by side.
const SEGMENTS: i32 = 4;

/// Place at which to continue in a segment.
enum Next {
    At(Option<Item>),
    Ended,
}

impl Store {
    /// Reads all items of the table, strongly consistent, in pages of up to 1 MB and in no order. Holds at most one
    /// page of each segment in memory.
    pub fn scan(&self) -> impl Stream<Item = Result<Vec<Item>, Error>> {
        let segments = (0..SEGMENTS).map(move |segment| {
            Box::pin(stream::try_unfold(Next::At(None), move |next| async move {
                let Next::At(start) = next else { return Ok(None) };
                let (items, last) = self.scan_page(segment, start).await?;
                Ok::<_, Error>(Some((items, last.map_or(Next::Ended, |key| Next::At(Some(key))))))
            }))
        });
        stream::select_all(segments)
    }

    /// Returns true if any item passes `wanted`. Stops reading at the first such item.
    pub async fn scan_finds(&self, wanted: impl Fn(&Item) -> bool) -> Result<bool, Error> {
        let mut pages = self.scan();
        while let Some(items) = pages.try_next().await? {
            if items.iter().any(&wanted) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn scan_page(&self, segment: i32, start: Option<Item>) -> Result<(Vec<Item>, Option<Item>), Error> {
        let began = Instant::now();
        let request = self.client().scan().table_name(self.table()).consistent_read(true);
        let request = request.segment(segment).total_segments(SEGMENTS).set_exclusive_start_key(start);
        let output = request
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| fault(&error))?;
        meter::count(began, Operation::Scan, output.consumed_capacity.as_slice());
        let last = output.last_evaluated_key.filter(|key| !key.is_empty());
        Ok((output.items.unwrap_or_default(), last))
    }
}
