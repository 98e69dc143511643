//! Exports and imports of a whole shop.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use aws_sdk_dynamodb::config::SharedHttpClient;
use chrono::Utc;
use devserver::{
    embedded::Embedded,
    hostile::{Hostile, Profile},
    server::Options,
};
use domain::shop::ShopId;
use futures_util::TryStreamExt;
use indicatif::ProgressBar;
use shop::operators::shop_items;
use store::{client::Store, connect::Connection, schema};
use tempfile::TempDir;
use tests::{Api, own_store};
use youhui::recovery::{self, Moved, RecoveryError};

pub(crate) fn shop(name: &str) -> ShopId {
    name.parse().expect("a shop")
}

/// A store with an empty table that no server has touched.
pub(crate) struct Elsewhere {
    embedded: Option<Embedded>,
    connection: Connection,
    pub(crate) store: Store,
}

impl Elsewhere {
    pub(crate) async fn new() -> Self {
        let mut connection = Connection::default();
        let embedded = own_store(&mut connection);
        let store = connection.clone().open().await.expect("a store");
        schema::create(&store).await.expect("a table");
        Self { embedded, connection, store }
    }

    /// Opens the same table over a network with these faults.
    pub(crate) async fn hostile(&self, profile: Profile) -> Store {
        let http_client = Some(SharedHttpClient::new(Hostile::over_http(profile, 7)));
        Connection { http_client, ..self.connection.clone() }.open().await.expect("a store")
    }

    /// Starts the API over this store.
    pub(crate) async fn serve(self) -> Api {
        Api::over(self.embedded, self.connection, Options { demo: false, ..Options::default() }).await
    }
}

pub(crate) async fn export(store: &Store, name: &str, to: &Path) -> Result<Moved, RecoveryError> {
    recovery::export(store, &shop(name), to, Utc::now(), &ProgressBar::hidden()).await
}

/// Exports a shop into a folder of its own.
pub(crate) async fn exported(store: &Store, name: &str, file: &str) -> (TempDir, PathBuf, Moved) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(file);
    let moved = export(store, name, &path).await.expect("an export");
    (folder, path, moved)
}

pub(crate) async fn import(store: &Store, path: &Path) -> Result<Moved, RecoveryError> {
    recovery::import(store, path, Utc::now(), &ProgressBar::hidden()).await
}

/// Returns all stored items of a shop as lines of an export.
pub(crate) async fn stored(store: &Store, name: &str) -> BTreeSet<String> {
    let pages: Vec<_> = shop_items::read(store, &shop(name)).try_collect().await.expect("items");
    pages.into_iter().flatten().map(|item| item.line).collect()
}
