//! Orders in the table: one item each, which entries of the point history refer to.

use super::{entity, keys, store::Store, transaction::Transaction};
use crate::{
    domain::{
        id::Id,
        order::{MAX_BYTES, Order, Standing},
        shop::ShopId,
    },
    error::Error,
};

/// What of an order decides on the codes that it uses; `None` where there is no such order.
pub async fn standing(store: &Store, shop: &ShopId, id: Id) -> Result<Option<Standing>, Error> {
    Ok(store.read::<Order>(&keys::order(shop, id)).await?.map(|order| order.standing()))
}

/// Plans an order as the shop sent it, in place of the one stored before.
///
/// # Errors
/// [`Error::Invalid`] over [`MAX_BYTES`].
pub fn put(shop: &ShopId, order: &Order) -> Result<Transaction, Error> {
    if order.body.len() > MAX_BYTES {
        return Err(Error::Invalid(crate::error::FieldErrors::non_field(format!(
            "Ensure this order has no more than {MAX_BYTES} bytes."
        ))));
    }
    let mut transaction = Transaction::default();
    transaction.put("order", entity::item(&keys::order(shop, order.id), "order", order)?, None, Vec::new());
    Ok(transaction)
}
