//! Bearer tokens, which are shown once and stored as hashes (docs/api/access.md).
//!
//! The hash of a token has two halves. The first half is the key of the token's record. The second half is in the
//! record and is compared in constant time. So the time of a look-up reveals nothing about hashes that nearly match.

use chrono::{DateTime, Utc};
use rand::{Rng, distr::Alphanumeric};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::keys;
use domain::{
    error::Error,
    scope::Scopes,
    shop::{Shop, ShopId},
};
use store::{
    client::{Range, Store},
    entity,
    item::n,
    transaction::{PRESENT, Transaction},
};

/// Prefix of every token, by which scanners for leaked secrets recognise it.
const PREFIX: &str = "yh_";

/// A token as operators see it, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Public id of the token, for lists and for revoking.
    pub id: String,
    /// The shop whose data the token opens.
    pub shop: ShopId,
    /// Scopes that the token grants.
    pub scopes: Scopes,
    /// Name that the operator gave to the token.
    pub label: String,
    /// Instant at which the token was created.
    pub created_at: DateTime<Utc>,
    /// Expiry of the token; `None` for a token that does not expire.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A token as it is stored under its hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct TokenRecord {
    #[serde(flatten)]
    token: Token,
    /// Second half of the hash.
    check: String,
}

/// Input for a new token.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The shop whose data the token opens.
    pub shop: ShopId,
    /// Scopes that the token grants.
    pub scopes: Scopes,
    /// Name that the operator gives to the token.
    pub label: String,
    /// Expiry of the token; `None` for a token that does not expire.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Returns the two halves of the hash of a token's text.
fn halves(text: &str) -> (String, String) {
    let hash = format!("{:x}", Sha256::digest(text.as_bytes()));
    let (first, second) = hash.split_at(32);
    (first.to_owned(), second.to_owned())
}

/// Generates the text of a new token, with 256 bits of randomness.
pub fn generate() -> String {
    let secret: String = rand::rng().sample_iter(Alphanumeric).take(43).map(char::from).collect();
    format!("{PREFIX}{secret}")
}

/// Stores the token with this text. The same text again replaces the earlier grant.
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
    let mut record = entity::item(&keys::token(&hash), "token", &TokenRecord { token: token.clone(), check })?;
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

/// A token as it is stored in the list of its shop.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Listed {
    #[serde(flatten)]
    token: Token,
    hash: String,
}

/// Finds the token with this text and its shop: 2 round trips. Returns `None` for an unknown token, and for one that
/// has expired at `now`.
pub async fn find(store: &Store, text: &str, now: DateTime<Utc>) -> Result<Option<(Token, Shop)>, Error> {
    let (hash, check) = halves(text);
    let Some(record) = store.read::<TokenRecord>(&keys::token(&hash)).await? else { return Ok(None) };
    let same: bool = record.check.as_bytes().ct_eq(check.as_bytes()).into();
    if !same || record.token.expires_at.is_some_and(|end| end <= now) {
        return Ok(None);
    }
    let shop = super::shops::get(store, &record.token.shop).await?;
    Ok(shop.map(|shop| (record.token, shop)))
}

/// Reads the tokens of a shop, sorted by id.
pub async fn list(store: &Store, shop: &ShopId) -> Result<Vec<Token>, Error> {
    let listed: Vec<Listed> = store.query_as(&Range { pk: keys::shop_tokens(shop), ..Range::default() }).await?;
    Ok(listed.into_iter().map(|listed| listed.token).collect())
}

/// Revokes a token. Instances that have cached it accept it for up to a minute more.
///
/// # Errors
/// [`Error::NotFound`] if the shop has no token with this id.
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
