//! The effects of an order: its state, and what that state has done so far. Every transaction that an order takes part
//! in is conditioned on them.

use crate::keys;
use domain::{error::Error, id::Id, order::Effects, shop::ShopId};
use store::{
    client::Store,
    entity,
    item::n,
    transaction::{ABSENT, Label, Transaction},
};

/// Label of the order's effects in a transaction.
const LABEL: Label = "order";

/// The effects of an order as they were read, with the version for conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEffects {
    /// The state of the order, and what that state has done so far.
    pub effects: Effects,
    version: u64,
}

/// Reads the effects of an order; `None` if it is not stored. A transaction that depends on them must be conditioned on
/// them.
pub async fn effects(store: &Store, shop: &ShopId, id: Id) -> Result<Option<StoredEffects>, Error> {
    let Some(item) = store.get(&keys::order_effects(shop, id)).await? else { return Ok(None) };
    let (effects, version) = entity::versioned(item)?;
    Ok(Some(StoredEffects { effects, version }))
}

/// Writes the effects of an order. Refused under the label `order` if they have changed since they were read.
pub(crate) fn put_effects(
    transaction: &mut Transaction,
    shop: &ShopId,
    id: Id,
    before: Option<&StoredEffects>,
    effects: &Effects,
) -> Result<(), Error> {
    let mut item = entity::item(&keys::order_effects(shop, id), "order_effects", effects)?;
    item.insert(entity::VERSION.to_owned(), n(before.map_or(0, |stored| stored.version) + 1));
    let (condition, values) = match before {
        None => (ABSENT, Vec::new()),
        Some(stored) => ("#version = :version", vec![(":version", n(stored.version))]),
    };
    transaction.put(LABEL, item, Some(condition), values);
    Ok(())
}
