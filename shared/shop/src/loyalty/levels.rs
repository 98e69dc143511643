//! Levels as they are stored: one ranked list by id (docs/api/levels.md).

use crate::keys;
use domain::{
    error::Error,
    id::Id,
    level::{Level, LevelDraft},
    shop::ShopId,
};
use store::{
    client::{Range, Store},
    entity,
    pages::{List, ONLY, Page, Select},
    sequence,
    transaction::Transaction,
};

/// The ranked list of a shop's levels, by id.
pub static LEVELS: List = List::dense("level");

/// Reads a page of levels.
pub async fn page(store: &Store, shop: &ShopId, select: &Select) -> Result<Page<Level>, Error> {
    LEVELS.page(store, shop, select).await?.try_map(entity::entity)
}

/// Reads one level.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn get(store: &Store, shop: &ShopId, id: Id) -> Result<Level, Error> {
    store.read(&LEVELS.key(shop, id)).await?.ok_or(Error::NotFound)
}

/// Reads all levels of a shop, by id, in one query. Whoever earns, signs in or redeems needs all levels to find the
/// customer's, so a partition holds copies of them. No transaction is conditioned on levels: all such requests of a
/// shop would conflict on them. The level of a request is therefore the one that was read for it.
pub async fn all(store: &Store, shop: &ShopId) -> Result<Vec<Level>, Error> {
    store.query_as(&Range { pk: keys::levels(shop), ..Range::default() }).await
}

fn copy(transaction: &mut Transaction, shop: &ShopId, level: &Level) -> Result<(), Error> {
    transaction.put("copy", entity::item(&keys::level(shop, level.id), "level_copy", level)?, None, Vec::new());
    Ok(())
}

/// Plans a new level.
pub async fn create(store: &Store, shop: &ShopId, draft: LevelDraft) -> Result<(Transaction, Level), Error> {
    let level = draft.over(sequence::next(store, shop, LEVELS.name).await?, None);
    let mut transaction = Transaction::default();
    LEVELS.insert(&mut transaction, "level", shop, (level.id, ONLY), &level)?;
    copy(&mut transaction, shop, &level)?;
    Ok((transaction, level))
}

/// Plans an update of a level. A field that the draft omits keeps its value.
///
/// # Errors
/// [`Error::NotFound`] if there is no such level. Otherwise the error of an invalid `draft`.
pub async fn update(
    store: &Store,
    shop: &ShopId,
    id: Id,
    draft: Result<LevelDraft, Error>,
) -> Result<(Transaction, Level), Error> {
    let row = store.get(&LEVELS.key(shop, id)).await?.ok_or(Error::NotFound)?;
    let (stored, version) = entity::versioned::<Level>(row)?;
    let level = draft?.over(id, Some(stored));
    let mut transaction = Transaction::default();
    LEVELS.replace(&mut transaction, "level", shop, (id, ONLY), version, &level)?;
    copy(&mut transaction, shop, &level)?;
    Ok((transaction, level))
}

/// Plans the deletion of a level.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn delete(store: &Store, shop: &ShopId, id: Id) -> Result<(Transaction, ()), Error> {
    store.get(&LEVELS.key(shop, id)).await?.ok_or(Error::NotFound)?;
    let mut transaction = Transaction::default();
    LEVELS.remove(&mut transaction, "level", shop, (id, ONLY));
    transaction.delete("copy", keys::level(shop, id), None, Vec::new());
    Ok((transaction, ()))
}
