//! The commands of operators: shops, tokens, audits and liabilities. No route of the API leads here: this function is invoked
//! with IAM permissions. The local command line runs the same code.

use std::time::Instant;

use chrono::{Duration, NaiveDate, SubsecRound, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use shared::{
    Error,
    domain::{
        id::Id,
        scope::Scopes,
        shop::{Shop, ShopId},
    },
    table::{
        audit::{self, Report, Scope},
        point_days::{self, LiabilityDay},
        shops,
        store::Store,
        tokens::{self, Grant, Token},
    },
};

/// The most days until a token ends: a century.
pub const MAX_DAYS: u32 = 36_500;
/// The default of the time in which an audit begins new customers, in seconds.
const PATIENCE: u32 = 20;

/// A command, such as `{"action": "mint_token", "shop": "demo", "scopes": ["read"], "label": "ERP"}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Command {
    /// Creates a shop or changes its settings.
    PutShop {
        /// The name: 1 to 32 of a-z, 0-9 and `-`.
        shop: ShopId,
        /// The IANA time zone. Asia/Shanghai by default.
        zone: Option<Tz>,
        /// The months after which points expire. 0, the setting of a new shop, is never.
        points_expire_after_months: Option<u32>,
    },
    /// Lists the shops.
    ListShops,
    /// Creates a token. Only this reply shows its text.
    MintToken {
        /// The shop that the token opens.
        shop: ShopId,
        /// The scopes of the token.
        scopes: Scopes,
        /// The label of the token.
        #[serde(default)]
        label: String,
        /// The days after which the token ends. Without it the token does not end.
        days: Option<u32>,
    },
    /// Lists a shop's tokens, without their texts.
    ListTokens {
        /// The name of the shop.
        shop: ShopId,
    },
    /// Audits a shop: compares every stored sum with the rows that it sums. It reads everything, so a shop that is too large
    /// for one invocation is audited from the command line.
    Audit {
        /// The name of the shop.
        shop: ShopId,
        /// True to correct the sums that differ.
        #[serde(default)]
        repair: bool,
        /// The position at which the reply before this one stopped.
        #[serde(default)]
        after: Id,
        /// The seconds in which new customers are begun. 20 by default, because Lambda ends the function after 29.
        seconds: Option<u32>,
    },
    /// Lists the points that a shop owed its customers, day by day.
    Liability {
        /// The name of the shop.
        shop: ShopId,
        /// The first day, in the shop's zone. The last day by default.
        from: Option<NaiveDate>,
        /// The last day. Today by default.
        to: Option<NaiveDate>,
    },
    /// Revokes a token. It ends within a minute everywhere.
    RevokeToken {
        /// The name of the shop.
        shop: ShopId,
        /// The id of the token, from the list.
        id: String,
    },
}

impl Command {
    /// Returns the shop that must exist for this command. A revocation needs none: it names the shop and the token.
    pub fn shop(&self) -> Option<&ShopId> {
        match self {
            Self::MintToken { shop, .. }
            | Self::ListTokens { shop }
            | Self::Audit { shop, .. }
            | Self::Liability { shop, .. } => Some(shop),
            Self::PutShop { .. } | Self::ListShops | Self::RevokeToken { .. } => None,
        }
    }
}

/// The reply to a command.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A shop with its settings.
    Shop(Shop),
    /// A list of all shops.
    Shops {
        /// The shops, sorted by name.
        shops: Vec<Shop>,
    },
    /// A new token with its text.
    Minted {
        /// The text that callers of the API send. It is stored nowhere.
        text: String,
        /// The record of the token.
        token: Token,
    },
    /// The tokens of a shop.
    Tokens {
        /// The tokens, sorted by id.
        tokens: Vec<Token>,
    },
    /// The result of an audit.
    Audit(Report),
    /// The points that a shop owed.
    Liability {
        /// The first and the last day, and the days between them that have entries.
        days: Vec<LiabilityDay>,
    },
    /// The reply to a command that returns nothing.
    Done {},
}

/// Carries out a command.
///
/// # Errors
/// [`Error::NotFound`] for a shop or token that does not exist.
pub async fn run(store: &Store, command: Command) -> Result<Answer, Error> {
    match command {
        Command::PutShop { shop, zone, points_expire_after_months } => {
            let stored = shops::get(store, &shop).await?.unwrap_or(Shop::new(shop));
            let zone = zone.unwrap_or(stored.zone);
            let months = points_expire_after_months.unwrap_or(stored.points_expire_after_months);
            if months > Shop::MAX_MONTHS {
                let message = format!("Ensure this value is less than or equal to {}.", Shop::MAX_MONTHS);
                return Err(Error::field("points_expire_after_months", message));
            }
            let shop = Shop { zone, points_expire_after_months: months, ..stored };
            shops::put(store, &shop).await?;
            Ok(Answer::Shop(shop))
        }
        Command::ListShops => Ok(Answer::Shops { shops: shops::list(store).await? }),
        Command::MintToken { shop, scopes, label, days } => {
            shops::get(store, &shop).await?.ok_or(Error::NotFound)?;
            let now = Utc::now().trunc_subsecs(6);
            let text = tokens::generate();
            if days.is_some_and(|days| days > MAX_DAYS) {
                let message = format!("Ensure this value is less than or equal to {MAX_DAYS}.");
                return Err(Error::field("days", message));
            }
            let expires_at = days.map(|days| now + Duration::days(days.into()));
            let token = tokens::mint(store, &text, Grant { shop, scopes, label, expires_at }, now).await?;
            Ok(Answer::Minted { text, token })
        }
        Command::ListTokens { shop } => {
            shops::get(store, &shop).await?.ok_or(Error::NotFound)?;
            Ok(Answer::Tokens { tokens: tokens::list(store, &shop).await? })
        }
        Command::Audit { shop, repair, after, seconds } => {
            let shop = shops::get(store, &shop).await?.ok_or(Error::NotFound)?;
            let deadline = Instant::now() + std::time::Duration::from_secs(seconds.unwrap_or(PATIENCE).into());
            Ok(Answer::Audit(audit::run(store, &shop, Scope { repair, after, deadline }).await?))
        }
        Command::Liability { shop, from, to } => {
            let shop = shops::get(store, &shop).await?.ok_or(Error::NotFound)?;
            let to = to.unwrap_or_else(|| shop.day(Utc::now()));
            let from = from.unwrap_or(to);
            if from > to {
                return Err(Error::field("from", "Ensure this day is not after the last one."));
            }
            Ok(Answer::Liability { days: point_days::liability(store, &shop.id, (from, to)).await? })
        }
        Command::RevokeToken { shop, id } => {
            tokens::revoke(store, &shop, &id).await?;
            Ok(Answer::Done {})
        }
    }
}
