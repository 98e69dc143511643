//! Which store a command works on.

use std::path::PathBuf;

use clap::Args;
use shared::{
    Error,
    table::{connect::Connection, schema, shops, store::Store},
};
use url::Url;

use super::CliError;
use crate::embedded::{Embedded, Place};

/// A store that a server uses, or a file that none does.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Where {
    /// The store: what `serve` printed, or `aws`; its table is TABLE_NAME, or else `youhui`.
    #[arg(long, value_name = "URL", value_parser = address)]
    pub(super) store: Option<String>,
    /// The file of an embedded store that no server uses.
    #[arg(long, value_name = "FILE")]
    pub(super) data: Option<PathBuf>,
}

impl Where {
    /// The store, and what keeps it running. The file must be there.
    pub(super) async fn open(&self) -> Result<(Store, Option<Embedded>), CliError> {
        if let Some(file) = self.data.as_deref().filter(|file| !file.exists()) {
            return Err(CliError::NoStore(file.to_owned()));
        }
        self.open_or_make().await
    }

    /// The same; a file that is not there becomes a store without shops.
    pub(super) async fn open_or_make(&self) -> Result<(Store, Option<Embedded>), CliError> {
        let new = self.data.as_deref().filter(|file| !file.exists());
        let embedded = self.data.clone().map(|file| Embedded::start(&Place::File(file))).transpose()?;
        if let Some(file) = new {
            eprintln!("{}: a new store", file.display());
        }
        let url = embedded.as_ref().map(Embedded::endpoint).or(self.store.clone()).unwrap_or_default();
        let store = connection(&url)?.open().await?;
        // A look at the shops tells an address that is no store's from all that may be wrong later.
        if self.store.as_deref().is_some_and(|store| store != "aws")
            && let Err(Error::Unavailable(_)) = shops::list(&store).await
        {
            return Err(match schema::is_there(&store).await {
                Ok(false) => CliError::NoTable { table: store.table().to_owned(), url },
                _ => CliError::NoAnswer(url),
            });
        }
        if embedded.is_some() {
            schema::create(&store).await?;
        }
        Ok((store, embedded))
    }
}

/// The connection to the store at an address, or `aws`.
///
/// Without the feature `tls` of this crate there may be TLS by that of another one, but not the credentials of a developer.
pub(super) fn connection(store: &str) -> Result<Connection, CliError> {
    let is_aws = store == "aws";
    if is_aws && !cfg!(feature = "tls") {
        return Err(CliError::NoTls);
    }
    Ok(Connection { endpoint: (!is_aws).then(|| store.to_owned()), ..Connection::from_env() })
}

/// The address of a store, or `aws`.
fn address(text: &str) -> Result<String, String> {
    if text != "aws" {
        Url::parse(text)
            .map_err(|error| format!("{error}: the line \"store\" that the server printed is meant, or `aws`"))?;
    }
    Ok(text.to_owned())
}
