//! Levels: what a customer's points make of the customer.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    Change, Client, Error, List, Row,
    call::Call,
    operations::{LEVEL_CREATE, LEVEL_DELETE, LEVEL_GET, LEVEL_LIST, LEVEL_UPDATE},
    wire::{number, optional_number},
};

/// A level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// The service's, increasing in order of creation.
    pub id: u64,
    /// Its name.
    pub title: String,
    /// Points that a customer must have earned to stand on it.
    pub condition_points: u32,
    /// Points for signing in, once a day.
    pub sign_points: u32,
    /// Points for each yuan paid, on top of the one that everybody gets. A JSON number on the wire.
    #[serde(with = "number")]
    pub gain_points: Decimal,
    /// How many points buy one yuan; 0 turns redemption off.
    pub redeem_points: u32,
    /// The most points in one redemption; 0 is no cap.
    pub redeem_limitation: u32,
    /// The most points redeemed in a calendar month; 0 is no cap.
    pub redeem_limitation_monthly: u32,
}

impl Row for Level {
    fn id(&self) -> u64 {
        self.id
    }
}

/// A level as it is sent: what is left out is 0 in a new level, and stays as it is in an update.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LevelInput {
    /// 1 to 64 characters.
    pub title: String,
    /// See [`Level`], as all that follow: 0 to 2^31-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition_points: Option<u32>,
    /// Points for signing in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_points: Option<u32>,
    /// Points for each yuan on top of one.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "optional_number::serialize")]
    pub gain_points: Option<Decimal>,
    /// How many points buy one yuan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redeem_points: Option<u32>,
    /// The cap of a redemption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redeem_limitation: Option<u32>,
    /// The cap of a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redeem_limitation_monthly: Option<u32>,
}

impl LevelInput {
    /// A level of this name: what it gives stands in the fields.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }
}

impl Client {
    /// The levels, by id.
    pub fn level_list(&self) -> List<Level> {
        List::new(self, LEVEL_LIST)
    }

    /// Creates a level.
    pub fn level_create(&self, level: &LevelInput) -> Change<Level> {
        Change::new(self, Call::new(LEVEL_CREATE, "").with(level))
    }

    /// A level.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn level_get(&self, id: u64) -> Result<Level, Error> {
        self.read(Call::new(LEVEL_GET, id)).await
    }

    /// Changes a level.
    pub fn level_update(&self, id: u64, level: &LevelInput) -> Change<Level> {
        Change::new(self, Call::new(LEVEL_UPDATE, id).with(level))
    }

    /// Deletes a level.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn level_delete(&self, id: u64) -> Result<(), Error> {
        self.delete(LEVEL_DELETE, id).await
    }
}
