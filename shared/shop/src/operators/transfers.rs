//! Files that an operator moves into a shop, such as a list of point balances.
//!
//! A transfer has an id of its own, which the keys of its requests are made of: the same file in the same shop is the same
//! transfer, on whatever machine and however much later, so none of its rows is moved in twice. The record is never
//! removed, and it goes with the shop when that is exported.
//!
//! Rows that are issued in groups have one key for each group. What a group goes without, because it was refused, is
//! written here before the rest of it is sent: so it is the same rest whenever the group is sent again.

use serde::{Deserialize, Serialize};

use super::{
    entity, keys,
    store::Store,
    transaction::{ABSENT, Transaction, s},
};
use crate::{domain::shop::ShopId, error::Error};

/// The label of the record.
const LABEL: &str = "transfer";

#[derive(Debug, Serialize, Deserialize)]
struct Transfer {
    id: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Group {
    /// The rows and their errors, as JSON.
    left_out: Vec<(u64, String)>,
}

/// The rows that a group goes without, each with its errors as JSON.
pub async fn left_out(store: &Store, shop: &ShopId, transfer: &str, first: u64) -> Result<Vec<(u64, String)>, Error> {
    let group = store.read::<Group>(&keys::transfer_group(shop, transfer, first)).await?;
    Ok(group.map(|group| group.left_out).unwrap_or_default())
}

/// Says which rows a group goes without.
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

/// The id of the transfer of a file, if it was ever begun. `of` is what the file is moved in as.
pub async fn find(store: &Store, shop: &ShopId, of: &str, sha256: &str) -> Result<Option<String>, Error> {
    Ok(store.read::<Transfer>(&keys::transfer(shop, of, sha256)).await?.map(|transfer| transfer.id))
}

/// The id of the transfer of a file, which is begun where it was not; with `anew` the file counts as one that was never
/// moved in.
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
