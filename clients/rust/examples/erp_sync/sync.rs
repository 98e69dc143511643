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

/// What the file of the customers is called.
const CUSTOMERS: &str = "customers";

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SyncError {
    #[error(transparent)]
    Client(#[from] youhui_client::Error),
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    #[error("{0} is no state of this program: {1}")]
    State(PathBuf, serde_json::Error),
}

/// What is copied, where to, and how far it has come.
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
    /// Takes up where the state file says, or begins.
    pub(crate) fn new(client: Client, out: PathBuf, state_file: PathBuf, margin: TimeDelta) -> Result<Self, SyncError> {
        fs::create_dir_all(&out).map_err(|error| SyncError::File(out.clone(), error))?;
        let state = match fs::read(&state_file) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| SyncError::State(state_file.clone(), error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::default(),
            Err(error) => return Err(SyncError::File(state_file, error)),
        };
        Ok(Self { client, out, state_file, margin, state })
    }

    /// Copies what is new of every list; answers how many rows of each.
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

    /// Copies the rows that were not there before, of a list whose ids the service gives.
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

    /// Copies the customers. They have the shop's own ids, so a new one may stand below those that were passed; but none is ever
    /// deleted: where there are as many as before the last walk began, nothing is new. Else all are walked and written again.
    async fn customers(&mut self) -> Result<u64, SyncError> {
        let resumed = !self.place(CUSTOMERS).ended;
        let written = self.walk_customers().await?;
        // A walk that another process began may be behind by now.
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

    /// Keeps a place, after the lines that it speaks of are on the disk.
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

/// A file of lines.
struct Lines {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Lines {
    /// Opens a file for what comes after its first bytes; what is there already after them goes.
    fn open(path: &Path, bytes: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        file.set_len(bytes)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { path: path.to_owned(), file, bytes })
    }

    /// Writes rows to the disk; answers how long the file is then.
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

/// When a row was made, where it says so.
fn made_at(row: &RawRow) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(row.get("created_at")?.as_str()?).ok()?.to_utc())
}
