//! Levels, which a customer reaches by earned points.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    Change, Client, Error, List, Row,
    call::Call,
    operations::{LEVEL_CREATE, LEVEL_DELETE, LEVEL_GET, LEVEL_LIST, LEVEL_UPDATE},
    wire::{number, optional_number},
};

/// A level of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// The id, assigned by the service in order of creation.
    pub id: u64,
    /// The name of the level.
    pub title: String,
    /// The points that a customer must have earned to reach the level.
    pub condition_points: u32,
    /// The points for a sign-in, once a day.
    pub sign_points: u32,
    /// The points for each yuan paid, in addition to the one point that every customer gets. A JSON number on the wire.
    #[serde(with = "number")]
    pub gain_points: Decimal,
    /// The number of points for one yuan; 0 turns redemption off.
    pub redeem_points: u32,
    /// The most points in one redemption; 0 is no limit.
    pub redeem_limitation: u32,
    /// The most points redeemed in a calendar month; 0 is no limit.
    pub redeem_limitation_monthly: u32,
}

impl Row for Level {
    fn id(&self) -> u64 {
        self.id
    }
}

/// The body to create or update a level. A field that is left out is 0 in a new level, and does not change in an
/// update.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LevelInput {
    /// The name of the level: 1 to 64 characters.
    pub title: String,
    /// The points to reach the level. This and the following fields are as in [`Level`], from 0 to 2^31-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition_points: Option<u32>,
    /// The points for a sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_points: Option<u32>,
    /// The points for each yuan paid, in addition to one.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "optional_number::serialize")]
    pub gain_points: Option<Decimal>,
    /// The number of points for one yuan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redeem_points: Option<u32>,
    /// The most points in one redemption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redeem_limitation: Option<u32>,
    /// The most points redeemed in a calendar month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redeem_limitation_monthly: Option<u32>,
}

impl LevelInput {
    /// Returns a level with this name. Set further fields directly.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }
}

impl Client {
    /// Lists the levels, sorted by id.
    pub fn level_list(&self) -> List<Level> {
        List::new(self, LEVEL_LIST)
    }

    /// Creates a level of the shop.
    pub fn level_create(&self, level: &LevelInput) -> Change<Level> {
        Change::new(self, Call::new(LEVEL_CREATE, "").with(level))
    }

    /// Reads the level with this id.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn level_get(&self, id: u64) -> Result<Level, Error> {
        self.read(Call::new(LEVEL_GET, id)).await
    }

    /// Updates the level with this id.
    pub fn level_update(&self, id: u64, level: &LevelInput) -> Change<Level> {
        Change::new(self, Call::new(LEVEL_UPDATE, id).with(level))
    }

    /// Deletes the level with this id.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn level_delete(&self, id: u64) -> Result<(), Error> {
        self.delete(LEVEL_DELETE, id).await
    }
}
