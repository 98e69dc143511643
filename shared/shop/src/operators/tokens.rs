//! Bearer tokens: stored as hashes, shown once.
//!
//! The hash of a token is split: the first half is the key that finds its record, the second half stands in the record
//! and is compared in constant time, so that how long a look-up takes says nothing of a hash that nearly fits.

use chrono::{DateTime, Utc};
use rand::{Rng, distr::Alphanumeric};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    entity, keys,
    store::{Range, Store},
    transaction::{PRESENT, Transaction, n},
};
use crate::{
    domain::{
        scope::Scopes,
        shop::{Shop, ShopId},
    },
    error::Error,
};

/// What a token begins with, so that scanners for leaked secrets can know it.
const PREFIX: &str = "yh_";

/// A token as operators see it: everything but its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Public: names the token in lists and for revoking.
    pub id: String,
    /// Whose data it opens.
    pub shop: ShopId,
    /// What it allows.
    pub scopes: Scopes,
    /// What the operator calls it.
    pub label: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends, if it does.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A token under its hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    #[serde(flatten)]
    token: Token,
    /// The second half of the hash.
    check: String,
}

/// What an operator asks for.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Whose data it opens.
    pub shop: ShopId,
    /// What it allows.
    pub scopes: Scopes,
    /// What the operator calls it.
    pub label: String,
    /// When it ends, if it does.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The two halves of the hash of a token's text.
fn halves(text: &str) -> (String, String) {
    let hash = format!("{:x}", Sha256::digest(text.as_bytes()));
    let (first, second) = hash.split_at(32);
    (first.to_owned(), second.to_owned())
}

/// A new text of 256 bits that nobody can guess.
pub fn generate() -> String {
    let secret: String = rand::rng().sample_iter(Alphanumeric).take(43).map(char::from).collect();
    format!("{PREFIX}{secret}")
}

/// Stores the token of this text; the same text again replaces what it granted.
pub async fn mint(store: &Store, text: &str, grant: Grant, now: DateTime<Utc>) -> Result<Token, Error> {
    let (hash, check) = halves(text);
    let Grant { shop, scopes, label, expires_at } = grant;
    let replaced: Option<Token> = store.read(&keys::token(&hash)).await?;
    let id = hash.chars().take(12).collect();
    let token = Token { id, shop, scopes, label, created_at: now, expires_at };
    let mut transaction = Transaction::default();
    if let Some(old) = replaced.filter(|old| old.shop != token.shop) {
        transaction.delete("listed before", keys::shop_token(&old.shop, &old.id), None, Vec::new());
    }
    let listed_key = keys::shop_token(&token.shop, &token.id);
    let mut listed = entity::item(&listed_key, "shop_token", &Listed { token: token.clone(), hash: hash.clone() })?;
    let mut record = entity::item(&keys::token(&hash), "token", &Record { token: token.clone(), check })?;
    if let Some(end) = expires_at {
        for item in [&mut record, &mut listed] {
            item.insert(keys::TTL.to_owned(), n(end.timestamp()));
        }
    }
    transaction.put("token", record, None, Vec::new());
    transaction.put("listed", listed, None, Vec::new());
    store.commit(&transaction).await?;
    Ok(token)
}

/// A token in the list of its shop.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Listed {
    #[serde(flatten)]
    token: Token,
    hash: String,
}

/// The token of this text with its shop, unless it has expired at `now`.
pub async fn find(store: &Store, text: &str, now: DateTime<Utc>) -> Result<Option<(Token, Shop)>, Error> {
    let (hash, check) = halves(text);
    let Some(record) = store.read::<Record>(&keys::token(&hash)).await? else { return Ok(None) };
    let same: bool = record.check.as_bytes().ct_eq(check.as_bytes()).into();
    if !same || record.token.expires_at.is_some_and(|end| end <= now) {
        return Ok(None);
    }
    let shop = super::shops::get(store, &record.token.shop).await?;
    Ok(shop.map(|shop| (record.token, shop)))
}

/// The tokens of a shop, by id.
pub async fn list(store: &Store, shop: &ShopId) -> Result<Vec<Token>, Error> {
    let listed: Vec<Listed> = store.query_as(&Range { pk: keys::shop_tokens(shop), ..Range::default() }).await?;
    Ok(listed.into_iter().map(|listed| listed.token).collect())
}

/// Ends a token at once, but for instances that know it already: these within a minute.
pub async fn revoke(store: &Store, shop: &ShopId, id: &str) -> Result<(), Error> {
    let key = keys::shop_token(shop, id);
    let Some(listed) = store.read::<Listed>(&key).await? else { return Err(Error::NotFound) };
    let mut transaction = Transaction::default();
    transaction.delete("listed", key, Some(PRESENT), Vec::new());
    transaction.delete("token", keys::token(&listed.hash), None, Vec::new());
    match store.commit(&transaction).await {
        Err(refused) if refused.refused("listed") => Err(Error::NotFound),
        result => Ok(result?),
    }
}
