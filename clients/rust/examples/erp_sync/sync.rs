//! Copies the lists of a shop into files, one JSON object a line.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use youhui_client::{Client, List, RawRow};

use crate::place::Place;

/// The name of the customers' file.
const CUSTOMERS: &str = "customers";

/// The reason that a round ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SyncError {
    #[error(transparent)]
    Client(#[from] youhui_client::Error),
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    #[error("{0} is not a state file of this program: {1}")]
    State(PathBuf, serde_json::Error),
}

/// A copy of a shop: its source, its folder and its position in each list.
pub(crate) struct Sync {
    client: Client,
    out: PathBuf,
    state_file: PathBuf,
    margin: TimeDelta,
    state: State,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    lists: BTreeMap<String, Place>,
}

impl Sync {
    /// Continues from the state file, or starts a new copy.
    pub(crate) fn new(client: Client, out: PathBuf, state_file: PathBuf, margin: TimeDelta) -> Result<Self, SyncError> {
        fs::create_dir_all(&out).map_err(|error| SyncError::File(out.clone(), error))?;
        let state = match fs::read(&state_file) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| SyncError::State(state_file.clone(), error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::default(),
            Err(error) => return Err(SyncError::File(state_file, error)),
        };
        Ok(Self { client, out, state_file, margin, state })
    }

    /// Copies the new rows of every list. Returns the number of rows of each.
    pub(crate) async fn round(&mut self) -> Result<Vec<(&'static str, u64)>, SyncError> {
        let client = self.client.clone();
        Ok(vec![
            ("levels", self.follow("levels", client.level_list().raw()).await?),
            (CUSTOMERS, self.customers().await?),
            ("point_history", self.follow("point_history", client.point_history_list().raw()).await?),
            ("price_rules", self.follow("price_rules", client.price_rule_list().raw()).await?),
            ("coupons", self.follow("coupons", client.coupon_list().raw()).await?),
            ("coupon_codes", self.follow("coupon_codes", client.coupon_code_list().raw()).await?),
        ])
    }

    /// Copies the new rows of a list whose ids the service assigns.
    async fn follow(&mut self, name: &'static str, list: List<RawRow>) -> Result<u64, SyncError> {
        let (begun, margin) = (Utc::now(), self.margin);
        let mut place = self.place(name);
        let mut lines = self.lines(name, place.bytes)?;
        let mut walk = list.walk_after(place.settled);
        let mut written = 0;
        loop {
            let rows = walk.next_page().await?;
            if rows.is_empty() {
                return Ok(written);
            }
            let new: Vec<_> = rows
                .iter()
                .filter(|row| place.pass(number(row, "id"), made_at(row).unwrap_or_else(Utc::now), begun, margin))
                .collect();
            written += new.len() as u64;
            place.bytes = lines.write(&new)?;
            self.keep(name, place.clone())?;
        }
    }

    /// Copies the customers. They have the shop's own ids, so that a new one may be below those that were passed. No
    /// customer is ever deleted: if there are as many as before the last walk, none is new. Otherwise all are walked
    /// and written again.
    async fn customers(&mut self) -> Result<u64, SyncError> {
        let resumed = !self.place(CUSTOMERS).ended;
        let written = self.walk_customers().await?;
        // A walk that another process started may be out of date.
        Ok(written + if resumed { self.walk_customers().await? } else { 0 })
    }

    async fn walk_customers(&mut self) -> Result<u64, SyncError> {
        let count = self.client.customer_list().page_size(1).await?.count;
        let mut place = self.place(CUSTOMERS);
        if place.ended && place.count == count {
            return Ok(0);
        }
        if place.ended || place.settled == 0 {
            place = Place { count, bytes: place.bytes, ..Place::default() };
        }
        let mut lines = self.lines(CUSTOMERS, place.bytes)?;
        let mut walk = self.client.customer_list().raw().walk_after(place.settled);
        let mut written = 0;
        while !place.ended {
            let rows = walk.next_page().await?;
            written += rows.len() as u64;
            place.bytes = lines.write(&rows.iter().collect::<Vec<_>>())?;
            place.settled = walk.position();
            place.ended = rows.is_empty();
            self.keep(CUSTOMERS, place.clone())?;
        }
        Ok(written)
    }

    fn place(&self, name: &str) -> Place {
        self.state.lists.get(name).cloned().unwrap_or_default()
    }

    /// Saves a position. The lines that it covers must be on the disk already.
    fn keep(&mut self, name: &str, place: Place) -> Result<(), SyncError> {
        self.state.lists.insert(name.to_owned(), place);
        let new = self.state_file.with_extension("new");
        let text = serde_json::to_vec(&self.state).map_err(|error| SyncError::State(self.state_file.clone(), error))?;
        let written = File::create(&new).and_then(|mut file| {
            file.write_all(&text)?;
            file.sync_data()?;
            fs::rename(&new, &self.state_file)
        });
        written.map_err(|error| SyncError::File(self.state_file.clone(), error))
    }

    fn lines(&self, name: &str, bytes: u64) -> Result<Lines, SyncError> {
        let path = self.out.join(format!("{name}.jsonl"));
        Lines::open(&path, bytes).map_err(|error| SyncError::File(path, error))
    }
}

/// A file of JSON lines.
struct Lines {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Lines {
    /// Opens a file and truncates it to its first bytes, to append to them.
    fn open(path: &Path, bytes: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        file.set_len(bytes)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { path: path.to_owned(), file, bytes })
    }

    /// Writes rows to the disk. Returns the length of the file.
    fn write(&mut self, rows: &[&RawRow]) -> Result<u64, SyncError> {
        let text: String = rows.iter().map(|row| format!("{}\n", Value::from((*row).clone()))).collect();
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| SyncError::File(self.path.clone(), error))?;
        self.bytes += text.len() as u64;
        Ok(self.bytes)
    }
}

fn number(row: &RawRow, field: &str) -> u64 {
    row.get(field).and_then(Value::as_u64).unwrap_or_default()
}

/// Returns the time at which a row was created, if the row has it.
fn made_at(row: &RawRow) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(row.get("created_at")?.as_str()?).ok()?.to_utc())
}
