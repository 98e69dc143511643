//! The registry of shops, which only operators write.

use super::{
    entity, keys,
    store::{Range, Store},
    transaction::Transaction,
};
use crate::{
    domain::shop::{Shop, ShopId},
    error::Error,
};

/// Creates a shop or changes its settings.
pub async fn put(store: &Store, shop: &Shop) -> Result<(), Error> {
    let mut transaction = Transaction::default();
    let item = entity::item(&keys::shop(&shop.id), "shop", shop)?;
    transaction.put("shop", item, None, Vec::new());
    Ok(store.commit(&transaction).await?)
}

/// A shop.
pub async fn get(store: &Store, shop: &ShopId) -> Result<Option<Shop>, Error> {
    store.read(&keys::shop(shop)).await
}

/// All shops, by name.
pub async fn list(store: &Store) -> Result<Vec<Shop>, Error> {
    store.query_as(&Range { pk: keys::shops(), ..Range::default() }).await
}
