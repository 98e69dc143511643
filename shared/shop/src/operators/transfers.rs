//! Transfers: files that an operator moves into a shop, such as a list of point balances.
//!
//! A transfer has an id, from which the idempotency keys of its requests are derived. The same file in the same shop is
//! the same transfer, on any machine and at any later time, so none of its rows is moved in twice. The record of a
//! transfer is never removed, and an export of the shop includes it.
//!
//! Rows that are issued in groups have one idempotency key for each group. If rows of a group are refused, the rows to
//! leave out are stored here before the others are sent. So the group leaves out the same rows whenever it is sent
//! again.

use serde::{Deserialize, Serialize};

use crate::keys;
use domain::{error::Error, shop::ShopId};
use store::{
    client::Store,
    entity,
    item::s,
    transaction::{ABSENT, Transaction},
};

/// Label of the record in a transaction.
const LABEL: &str = "transfer";

#[derive(Debug, Serialize, Deserialize)]
struct Transfer {
    id: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Group {
    /// Numbers of the rows, each with its errors as JSON.
    left_out: Vec<(u64, String)>,
}

/// Reads the rows that a group leaves out: the number of each, with its errors as JSON.
pub async fn left_out(store: &Store, shop: &ShopId, transfer: &str, first: u64) -> Result<Vec<(u64, String)>, Error> {
    let group = store.read::<Group>(&keys::transfer_group(shop, transfer, first)).await?;
    Ok(group.map(|group| group.left_out).unwrap_or_default())
}

/// Stores the rows that a group leaves out.
pub async fn leave_out(
    store: &Store,
    shop: &ShopId,
    (transfer, first): (&str, u64),
    left_out: Vec<(u64, String)>,
) -> Result<(), Error> {
    let item = entity::item(&keys::transfer_group(shop, transfer, first), "transfer_group", &Group { left_out })?;
    let mut transaction = Transaction::default();
    transaction.put("group", item, None, Vec::new());
    Ok(store.commit(&transaction).await?)
}

/// Reads the id of the transfer of a file; `None` if it was never started. `of` is the kind of rows in the file.
pub async fn find(store: &Store, shop: &ShopId, of: &str, sha256: &str) -> Result<Option<String>, Error> {
    Ok(store.read::<Transfer>(&keys::transfer(shop, of, sha256)).await?.map(|transfer| transfer.id))
}

/// Returns the id of the transfer of a file, and starts the transfer if there is none. With `anew` the file counts as
/// one that was never moved in.
pub async fn begin(store: &Store, shop: &ShopId, of: &str, sha256: &str, anew: bool) -> Result<String, Error> {
    let key = keys::transfer(shop, of, sha256);
    let begin = async || {
        let before = find(store, shop, of, sha256).await?;
        if let Some(id) = before.clone().filter(|_| !anew) {
            return Ok((Transaction::default(), id));
        }
        let id = format!("{:032x}", rand::random::<u128>());
        let item = entity::item(&key, "transfer", &Transfer { id: id.clone() })?;
        let mut transaction = Transaction::default();
        match before {
            None => transaction.put(LABEL, item, Some(ABSENT), Vec::new()),
            Some(before) => transaction.put(LABEL, item, Some("#id = :before"), vec![(":before", s(before))]),
        }
        Ok((transaction, id))
    };
    store.carry_out(begin).await
}
