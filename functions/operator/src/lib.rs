//! What operators do: shops, tokens and the books. Invoked with IAM permissions only; no route of the API leads here. The local
//! command line runs the same code.

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

/// The most days that a token with an end may live: a century.
pub const MAX_DAYS: u32 = 36_500;
/// How long an audit begins new customers, in seconds, where nobody says so.
const PATIENCE: u32 = 20;

/// A command, such as `{"action": "mint_token", "shop": "demo", "scopes": ["read"], "label": "ERP"}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Command {
    /// Creates a shop or changes its settings.
    PutShop {
        /// 1 to 32 of a-z, 0-9 and `-`.
        shop: ShopId,
        /// An IANA zone; Asia/Shanghai by default.
        zone: Option<Tz>,
        /// After how many months points expire; 0, as in a new shop, is never.
        points_expire_after_months: Option<u32>,
    },
    /// Lists the shops.
    ListShops,
    /// Makes a token; the reply shows its text, this once.
    MintToken {
        /// Whose data it opens.
        shop: ShopId,
        /// What it allows.
        scopes: Scopes,
        /// What to call it.
        #[serde(default)]
        label: String,
        /// After how many days it ends; never without.
        days: Option<u32>,
    },
    /// Lists a shop's tokens, without their texts.
    ListTokens {
        /// Whose.
        shop: ShopId,
    },
    /// Goes through the books of a shop: every sum that is kept beside what it sums. It reads everything: a shop that is too
    /// large for one invocation is audited from the command line.
    Audit {
        /// Whose.
        shop: ShopId,
        /// Whether to mend what has drifted.
        #[serde(default)]
        repair: bool,
        /// Where the answer before this one says to go on.
        #[serde(default)]
        after: Id,
        /// How long to begin new customers: 20 seconds by default, since Lambda ends the function at 29.
        seconds: Option<u32>,
    },
    /// What a shop owed its customers in points, day by day.
    Liability {
        /// Whose.
        shop: ShopId,
        /// The first day in the shop's zone; the last one by default.
        from: Option<NaiveDate>,
        /// The last day; today by default.
        to: Option<NaiveDate>,
    },
    /// Ends a token: within a minute everywhere.
    RevokeToken {
        /// Whose.
        shop: ShopId,
        /// The token's id in the list.
        id: String,
    },
}

impl Command {
    /// The shop that must be there for it, but for a token's revocation, which names both.
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

/// What a command answers.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A shop.
    Shop(Shop),
    /// All shops.
    Shops {
        /// By name.
        shops: Vec<Shop>,
    },
    /// A new token with its text.
    Minted {
        /// What the caller of the API sends; it is stored nowhere.
        text: String,
        /// The token's record.
        token: Token,
    },
    /// Tokens of a shop.
    Tokens {
        /// By id.
        tokens: Vec<Token>,
    },
    /// What an audit found.
    Audit(Report),
    /// What a shop owed.
    Liability {
        /// The first and the last day, and those between them that have entries.
        days: Vec<LiabilityDay>,
    },
    /// Done; there is nothing to show.
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
