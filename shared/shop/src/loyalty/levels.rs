//! Levels in the table: one ranked list by id.

use super::{
    entity, keys,
    pages::{List, ONLY, Page, Select},
    sequence,
    store::{Range, Store},
    transaction::Transaction,
};
use crate::{
    domain::{
        id::Id,
        level::{Level, LevelDraft},
        shop::ShopId,
    },
    error::Error,
};

/// The levels of a shop, by id.
pub static LEVELS: List = List::dense("level");

/// A page of levels.
pub async fn page(store: &Store, shop: &ShopId, select: &Select) -> Result<Page<Level>, Error> {
    LEVELS.page(store, shop, select).await?.try_map(entity::entity)
}

/// A level.
pub async fn get(store: &Store, shop: &ShopId, id: Id) -> Result<Level, Error> {
    store.read(&LEVELS.key(shop, id)).await?.ok_or(Error::NotFound)
}

/// All levels of a shop, by id. Copies of them stand together for that: whoever earns, signs in or redeems needs them all
/// to find the customer's. Nothing is conditioned on them, since every such request of the shop would meet on them: the
/// level of a request is the one that was read for it.
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

/// Plans a change of a level: what the draft omits stays. A wrong draft is refused only where there is such a level.
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

/// Plans the end of a level.
pub async fn delete(store: &Store, shop: &ShopId, id: Id) -> Result<(Transaction, ()), Error> {
    store.get(&LEVELS.key(shop, id)).await?.ok_or(Error::NotFound)?;
    let mut transaction = Transaction::default();
    LEVELS.remove(&mut transaction, "level", shop, (id, ONLY));
    transaction.delete("copy", keys::level(shop, id), None, Vec::new());
    Ok((transaction, ()))
}
