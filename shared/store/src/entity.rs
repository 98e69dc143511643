//! Conversion between entities and the items of the table.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use serde::{
    Serialize,
    de::{DeserializeOwned, IntoDeserializer, value::MapDeserializer},
};

use crate::{
    Item,
    item::{key_attributes, n, s},
    keys::{self, Key},
};
use domain::{error::Error, id::Id};

/// Returns the primary key of an item.
pub fn key(item: &Item) -> Option<Key> {
    let text = |attribute| Some(item.get(attribute)?.as_s().ok()?.clone());
    Some(Key { pk: text(keys::PK)?, sk: text(keys::SK)? })
}

/// Returns the id at the end of an item's sort key.
pub fn id(item: &Item) -> Option<Id> {
    keys::id_in(item.get(keys::SK)?.as_s().ok()?)
}

/// An attribute to deserialize. `serde_dynamo::from_item` would first move the whole item into a map of its own type.
struct Attribute(AttributeValue);

impl IntoDeserializer<'_, serde_dynamo::Error> for Attribute {
    type Deserializer = serde_dynamo::Deserializer;

    fn into_deserializer(self) -> Self::Deserializer {
        serde_dynamo::Deserializer::from_attribute_value(self.0.into())
    }
}

/// Reads an item as an entity.
///
/// # Errors
/// [`Error::Internal`] with the key of the item.
pub fn entity<T: DeserializeOwned>(item: Item) -> Result<T, Error> {
    // The key is not part of an entity. It is kept for the error text.
    let (mut pk, mut sk) = (None, None);
    let mut attributes = item.into_iter().filter_map(|(name, value)| {
        match name.as_str() {
            keys::PK => pk = Some(value),
            keys::SK => sk = Some(value),
            _ => return Some((name, Attribute(value))),
        }
        None
    });
    let error = match T::deserialize(MapDeserializer::new(attributes.by_ref())) {
        Ok(entity) => return Ok(entity),
        Err(error) => error,
    };
    attributes.for_each(drop);
    let text = |part: Option<AttributeValue>| part.and_then(|part| part.as_s().ok().cloned()).unwrap_or_default();
    Err(Error::Internal(format!("unreadable item {} {}: {error}", text(pk), text(sk))))
}

/// Name of the attribute that counts the versions of a row, from 1.
pub const VERSION: &str = "version";

/// Returns the version of a row.
pub fn version(item: &Item) -> Option<u64> {
    item.get(VERSION)?.as_n().ok()?.parse().ok()
}

/// Reads an item as an entity with its version.
pub fn versioned<T: DeserializeOwned>(item: Item) -> Result<(T, u64), Error> {
    let version = version(&item).ok_or_else(|| Error::Internal("a row without a version".to_owned()))?;
    Ok((entity(item)?, version))
}

/// Converts an entity into an item of `kind` under `key`.
pub fn item<T: Serialize>(key: &Key, kind: &str, entity: &T) -> Result<Item, Error> {
    let mut item: Item =
        serde_dynamo::to_item(entity).map_err(|error| Error::Internal(format!("unwritable item: {error}")))?;
    item.extend(key_attributes(key));
    item.insert(keys::TYPE.to_owned(), s(kind));
    Ok(item)
}

/// Name of the attribute that holds the bytes of an item.
const BLOB: &str = "bytes";

/// Returns an item that holds bytes and may be removed after `ttl`, in epoch seconds.
pub(crate) fn blob_item(key: &Key, ttl: i64, bytes: &[u8]) -> Item {
    let mut item = key_attributes(key);
    item.insert(keys::TTL.to_owned(), n(ttl));
    item.insert(BLOB.to_owned(), AttributeValue::B(Blob::new(bytes)));
    item
}

/// Returns the bytes of an item; empty if it has none.
pub(crate) fn blob(item: &Item) -> &[u8] {
    item.get(BLOB).and_then(|value| value.as_b().ok()).map_or(&[], AsRef::as_ref)
}
