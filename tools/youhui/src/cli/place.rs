//! The flags that choose the store of a command.

use std::path::PathBuf;

use clap::Args;
use devserver::embedded::{Embedded, Place};
use shared::{
    Error,
    shop::operators::shops,
    store::{client::Store, connect::Connection, schema},
};
use url::Url;

use super::CliError;

/// The store of a command: one that a server uses, or a file that no server uses.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Where {
    /// The store: the address that `serve` printed, or `aws`. The table is that of TABLE_NAME, `youhui` by default.
    #[arg(long, value_name = "URL", value_parser = address)]
    pub(super) store: Option<String>,
    /// The file of an embedded store that no server uses.
    #[arg(long, value_name = "FILE")]
    pub(super) data: Option<PathBuf>,
}

impl Where {
    /// Opens the store. The embedded store runs until the second value is dropped. The file must exist.
    pub(super) async fn open(&self) -> Result<(Store, Option<Embedded>), CliError> {
        if let Some(file) = self.data.as_deref().filter(|file| !file.exists()) {
            return Err(CliError::NoStore(file.to_owned()));
        }
        self.open_or_make().await
    }

    /// Opens the store as [`Self::open`] does, but creates the file if it does not exist.
    pub(super) async fn open_or_make(&self) -> Result<(Store, Option<Embedded>), CliError> {
        let new = self.data.as_deref().filter(|file| !file.exists());
        let embedded = self.data.clone().map(|file| Embedded::start(&Place::File(file))).transpose()?;
        if let Some(file) = new {
            eprintln!("{}: created a new store", file.display());
        }
        let url = embedded.as_ref().map(Embedded::endpoint).or(self.store.clone()).unwrap_or_default();
        let store = connection(&url)?.open().await?;
        // Reading the shops shows at once if the address is not that of a store.
        if self.store.as_deref().is_some_and(|store| store != "aws")
            && let Err(error @ (Error::Unavailable(_) | Error::Internal(_))) = shops::list(&store).await
        {
            return Err(match (schema::is_there(&store).await, error) {
                (Ok(false), _) => CliError::NoTable { table: store.table().to_owned(), url },
                (_, Error::Unavailable(_)) => CliError::NoAnswer(url),
                (_, error) => error.into(),
            });
        }
        if embedded.is_some() {
            schema::create(&store).await?;
        }
        Ok((store, embedded))
    }
}

/// Returns the connection to the store at an address, or to `aws`.
///
/// Without the feature `tls` of this crate, the feature of another crate may enable TLS, but the credentials of a
/// developer are not found.
pub(super) fn connection(store: &str) -> Result<Connection, CliError> {
    let is_aws = store == "aws";
    if is_aws && !cfg!(feature = "tls") {
        return Err(CliError::NoTls);
    }
    Ok(Connection { endpoint: (!is_aws).then(|| store.to_owned()), ..Connection::from_env() })
}

/// Parses the address of a store, or `aws`.
fn address(text: &str) -> Result<String, String> {
    if text != "aws" {
        Url::parse(text).map_err(|error| {
            format!("{error}: give the address on the line \"store\" that the server printed, or `aws`")
        })?;
    }
    Ok(text.to_owned())
}
