//! The reply to an import of customers, and the end of an import that is a batch: the request that began it comes here,
//! or the job that finds it left over.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use http::StatusCode;

use crate::{
    http::envelope::{self, Envelope},
    wire::customer::CustomerReply,
};
use domain::{
    customer::Customer,
    error::{Error, FieldErrors},
    shop::Shop,
};
use shop::crm;
use store::{batches::Batch, client::Store, idempotency::Reply};

/// Finishes an import and stores its reply.
///
/// # Errors
/// [`Error::AtWork`] if another process has taken over.
pub async fn finish(store: &Store, shop: &Shop, mut batch: Batch) -> Result<Reply, Error> {
    let customers = crm::import::carry_on(store, &mut batch).await?;
    let reply = reply(customers, shop.zone)?;
    batch.finish(store, &reply).await?;
    Ok(reply)
}

/// The most bytes that a stored customer adds to a reply as Lambda sends it: 2,557 characters of text, of which each takes
/// seven bytes if it is a control character.
const LARGEST: usize = 18_000;

/// Refuses an import whose reply would be too large, before anything is written. Omitted fields keep their stored values.
/// So a large import that omits texts reads the stored customers, at one read unit each.
pub async fn check(
    store: &Store,
    shop: &Shop,
    drafts: &[crm::import::ImportedCustomer],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let too_many = || {
        let message = "The reply to this list would be larger than 5 MB. Send fewer customers.";
        Error::Invalid(FieldErrors::non_field(message))
    };
    let alone = drafts.iter().map(|(id, draft)| draft.clone().over(*id, None, now)).collect();
    let alone = reply(alone, shop.zone)?.body;
    if envelope::is_too_large(&alone) {
        return Err(too_many());
    }
    let omitting = drafts.iter().filter(|(_, draft)| draft.omits_text()).count();
    if !envelope::is_too_large_with(&alone, omitting * LARGEST) {
        return Ok(());
    }
    let after = crm::import::preview(store, &shop.id, drafts, now).await?;
    if envelope::is_too_large(&reply(after, shop.zone)?.body) { Err(too_many()) } else { Ok(()) }
}

/// Returns the reply to an import.
pub fn reply(customers: Vec<Customer>, zone: Tz) -> Result<Reply, Error> {
    let rows = customers.iter().map(|customer| CustomerReply::new(customer, zone)).collect();
    envelope::reply(StatusCode::CREATED, &Envelope::of_created(rows))
}
