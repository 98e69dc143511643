//! Files of the command line: writing, importing, exporting and reading them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use aws_sdk_dynamodb::config::SharedHttpClient;
use domain::shop::ShopId;
use indicatif::ProgressBar;
use serde_json::Value;
use store::{client::Store, connect::Connection};
use tempfile::TempDir;
use tests::Api;
use youhui::bulk::{
    BulkError, Summary,
    export::{self, export},
    import::{Options, What, import},
};

use super::{ACCOUNTS, one};

/// A folder for the files of one test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("written");
        path
    }
}

pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn beside(path: &Path, end: &str) -> PathBuf {
    format!("{}{end}", path.display()).into()
}

/// Returns the rows of the errors file of a CSV import: row, field, message.
pub(crate) fn errors(path: &Path) -> Vec<(u64, String, String)> {
    errors_in(&beside(path, ".errors.csv"))
}

/// Returns the rows of a CSV errors file.
pub(crate) fn errors_in(path: &Path) -> Vec<(u64, String, String)> {
    let mut reader = csv::Reader::from_path(path).expect("an errors file");
    let rows = reader.records().map(|row| row.expect("a row"));
    rows.map(|row| (row[0].parse().expect("a number"), row[1].to_owned(), row[2].to_owned())).collect()
}

/// Returns the rows of a JSON Lines errors file.
pub(crate) fn error_lines(path: &Path) -> Vec<Value> {
    text(path).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Imports a file into a shop over this store.
pub(crate) async fn import_over(store: &Store, shop: &str, what: What, path: &Path) -> Result<Summary, BulkError> {
    let shop: ShopId = shop.parse().expect("a shop");
    import(store, &shop, what, path, &Options::default(), &ProgressBar::hidden()).await
}

/// Imports a file into the demo shop.
pub(crate) async fn imported(api: &Api, what: What, path: &Path) -> Summary {
    import_over(&api.server.store, "demo", what, path).await.expect("an import")
}

/// Asserts the number of rows and of refused rows; the others must be accepted.
#[track_caller]
pub(crate) fn came_to(summary: &Summary, rows: u64, refused: u64) {
    assert_eq!((summary.rows, summary.accepted, summary.refused), (rows, rows - refused, refused), "{summary:?}");
}

/// Exports rows of a shop to a new file.
pub(crate) async fn exported(api: &Api, shop: &str, what: What, path: &Path) -> u64 {
    let shop: ShopId = shop.parse().expect("a shop");
    let bar = ProgressBar::hidden();
    export(&api.server.store, &shop, what, path, &export::Options::default(), &bar).await.expect("an export")
}

/// Returns the store of an API through another HTTP client.
pub(crate) async fn over(api: &Api, client: SharedHttpClient) -> Store {
    let [(_, endpoint), (_, table)] = api.store_environment().try_into().expect("an address and a table");
    let table = Some(table).filter(|table| !table.is_empty());
    let connection = Connection { endpoint: Some(endpoint), http_client: Some(client), table };
    connection.open().await.expect("a store")
}

/// Returns the points of a customer of the demo shop.
pub(crate) async fn points(api: &Api, customer: u64) -> i64 {
    api.get(&one(ACCOUNTS, customer)).await.assert_status(200)["points"].as_i64().expect("points")
}
