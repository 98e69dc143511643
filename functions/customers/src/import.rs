//! The end of an import that is a batch: by the request that began it, or by the job that finds it left over.

use chrono_tz::Tz;
use lambda_http::http::StatusCode;
use shared::{
    Error,
    domain::{customer::Customer, shop::Shop},
    http::{
        customer::CustomerReply,
        envelope::{self, Envelope},
    },
    table::{batches::Batch, customer_import, idempotency::Reply, store::Store},
};

/// Does what is left of an import and keeps its reply.
///
/// # Errors
/// [`Error::AtWork`] where another process has taken over.
pub async fn finish(store: &Store, shop: &Shop, mut batch: Batch) -> Result<Reply, Error> {
    let customers = customer_import::carry_on(store, &mut batch).await?;
    let reply = reply(customers, shop.zone)?;
    batch.finish(store, &reply).await?;
    Ok(reply)
}

/// The reply to an import.
pub(crate) fn reply(customers: Vec<Customer>, zone: Tz) -> Result<Reply, Error> {
    let rows = customers.iter().map(|customer| CustomerReply::new(customer, zone)).collect();
    envelope::reply(StatusCode::CREATED, &Envelope::of_created(rows))
}
