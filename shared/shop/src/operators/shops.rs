//! The registry of shops, which only operators write (docs/api/access.md).

use crate::keys;
use domain::{
    error::Error,
    shop::{Shop, ShopId},
};
use store::{
    client::{Range, Store},
    entity,
    transaction::Transaction,
};

/// Creates a shop or replaces its settings.
pub async fn put(store: &Store, shop: &Shop) -> Result<(), Error> {
    let mut transaction = Transaction::default();
    let item = entity::item(&keys::shop(&shop.id), "shop", shop)?;
    transaction.put("shop", item, None, Vec::new());
    Ok(store.commit(&transaction).await?)
}

/// Reads the settings of a shop; `None` if it is not in the registry.
pub async fn get(store: &Store, shop: &ShopId) -> Result<Option<Shop>, Error> {
    store.read(&keys::shop(shop)).await
}

/// Reads all shops, sorted by name.
pub async fn list(store: &Store) -> Result<Vec<Shop>, Error> {
    store.query_as(&Range { pk: keys::shops(), ..Range::default() }).await
}
