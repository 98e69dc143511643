//! Shops: the tenants of a deployment. Data of one shop is never visible to another.

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Name of a shop, as it stands in keys: 1 to 32 lower-case letters, digits or `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShopId(String);

/// Error for a text that is not a valid name of a shop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a shop's name: 1 to 32 of a-z, 0-9 and -")]
pub struct InvalidShopId(String);

impl ShopId {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ShopId {
    type Err = InvalidShopId;

    fn from_str(text: &str) -> Result<Self, InvalidShopId> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=32).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidShopId(text.to_owned()))
        }
    }
}

impl TryFrom<String> for ShopId {
    type Error = InvalidShopId;

    fn try_from(text: String) -> Result<Self, InvalidShopId> {
        text.parse()
    }
}

impl From<ShopId> for String {
    fn from(id: ShopId) -> Self {
        id.0
    }
}

impl fmt::Display for ShopId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A shop and its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// Name of the shop, as it stands in keys.
    pub id: ShopId,
    /// Time zone of the shop's days, months and timestamps.
    pub zone: Tz,
    /// Number of months after which points expire; 0 means never.
    #[serde(default)]
    pub points_expire_after_months: u32,
}

impl Shop {
    /// Time zone of a shop that sets none (docs/api/conventions.md).
    pub const DEFAULT_ZONE: Tz = Tz::Asia__Shanghai;
    /// Largest number of months before points expire: a century.
    pub const MAX_MONTHS: u32 = 1_200;

    /// Returns a shop with default settings.
    pub fn new(id: ShopId) -> Self {
        Self { id, zone: Self::DEFAULT_ZONE, points_expire_after_months: 0 }
    }

    /// Returns the day of this shop at an instant.
    pub fn day(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.zone).date_naive()
    }

    /// Returns the instant at which a day of this shop begins: midnight, or the first quarter of an hour that exists if
    /// the clocks skip midnight. `None` if the zone has no such day.
    pub fn start_of(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let clocks = (0..24 * 4).filter_map(|quarter| NaiveTime::from_hms_opt(quarter / 4, quarter % 4 * 15, 0));
        let mut instants = clocks.filter_map(|clock| day.and_time(clock).and_local_timezone(self.zone).earliest());
        instants.next().map(|instant| instant.to_utc())
    }
}
