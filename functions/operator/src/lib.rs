//! The commands of operators: shops, tokens, audits and liability. The function is invoked with IAM permissions only,
//! and no route of the API leads to it. The local command line runs the same code. See docs/api/access.md.

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
    shop::{
        loyalty::{self, days::LiabilityDay},
        operators::{
            audit::{self, Scope},
            audit_report::Report,
            shops,
            tokens::{self, Grant, Token},
        },
    },
    store::client::Store,
};

/// The longest lifetime of a token that expires, in days: a century.
pub const MAX_DAYS: u32 = 36_500;
/// The default time within which an audit starts on new customers, in seconds.
const PATIENCE: u32 = 20;

/// A command, such as `{"action": "mint_token", "shop": "demo", "scopes": ["read"], "label": "ERP"}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Command {
    /// Creates a shop or changes its settings.
    PutShop {
        /// The name of the shop: 1 to 32 of a-z, 0-9 and `-`.
        shop: ShopId,
        /// An IANA time zone. A new shop has Asia/Shanghai.
        zone: Option<Tz>,
        /// The number of months after which points expire; 0 is never. A new shop has 0.
        points_expire_after_months: Option<u32>,
    },
    /// Lists the shops.
    ListShops,
    /// Creates a token. Only this reply has its text.
    MintToken {
        /// The shop that the token gives access to.
        shop: ShopId,
        /// The scopes of the token.
        scopes: Scopes,
        /// A name for the token, shown in lists.
        #[serde(default)]
        label: String,
        /// The number of days after which the token expires; `None` is never.
        days: Option<u32>,
    },
    /// Lists a shop's tokens, without their texts.
    ListTokens {
        /// The shop that owns the tokens.
        shop: ShopId,
    },
    /// Audits a shop: compares every stored sum with the items that it counts. The audit reads all items. A shop that
    /// is too large for one invocation is audited from the command line.
    Audit {
        /// The shop to audit.
        shop: ShopId,
        /// Set to correct the sums that are wrong.
        #[serde(default)]
        repair: bool,
        /// The position at which the last reply says to continue.
        #[serde(default)]
        after: Id,
        /// The time within which the audit starts on new customers, in seconds. The default is 20, because Lambda ends
        /// the function at 29.
        seconds: Option<u32>,
    },
    /// Lists the points that a shop owed its customers, day by day.
    Liability {
        /// The shop to report on.
        shop: ShopId,
        /// The first day, in the shop's time zone. The default is the last day.
        from: Option<NaiveDate>,
        /// The last day, in the shop's time zone. The default is today.
        to: Option<NaiveDate>,
    },
    /// Revokes a token. It is refused everywhere within a minute.
    RevokeToken {
        /// The shop that owns the token.
        shop: ShopId,
        /// The id of the token, as in the list.
        id: String,
    },
}

impl Command {
    /// Returns the shop that must exist for the command. `None` for a revocation, whose error names both shop and
    /// token.
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

/// The answer to a command.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A shop with its settings.
    Shop(Shop),
    /// All shops of the table.
    Shops {
        /// The shops, sorted by name.
        shops: Vec<Shop>,
    },
    /// A new token with its text.
    Minted {
        /// The text that a client of the API sends. It is not stored anywhere.
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
        /// The first and the last day, and the days between them that have ledger entries.
        days: Vec<LiabilityDay>,
    },
    /// The command is done, and has no result to show.
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
                return Err(Error::field("from", "Ensure this day is not after the last day, `to`."));
            }
            Ok(Answer::Liability { days: loyalty::days::liability(store, &shop.id, (from, to)).await? })
        }
        Command::RevokeToken { shop, id } => {
            tokens::revoke(store, &shop, &id).await?;
            Ok(Answer::Done {})
        }
    }
}
