//! `youhui export` and `youhui import`.

use std::path::PathBuf;

use chrono::Utc;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use shared::{
    domain::shop::ShopId,
    table::{schema, store::Store},
};

use super::{CliError, connection, show};
use crate::{
    embedded::{Embedded, Place},
    recovery,
};

/// Which store a shop is moved out of or into.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Where {
    /// The store: what `serve` printed, or `aws`.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// The file of an embedded store that no server uses.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
}

impl Where {
    /// The store, and what keeps it running.
    async fn open(&self) -> Result<(Store, Option<Embedded>), CliError> {
        let embedded = self.data.clone().map(|file| Embedded::start(&Place::File(file))).transpose()?;
        let url = embedded.as_ref().map(Embedded::endpoint).or(self.store.clone()).unwrap_or_default();
        Ok((connection(&url).open().await?, embedded))
    }
}

/// The flags of `export`.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// Whose.
    #[arg(long)]
    shop: ShopId,
    /// The file; compressed where its name ends in .gz.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    at: Where,
}

/// The flags of `import`.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The file of an export.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    #[command(flatten)]
    at: Where,
}

impl Export {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let (store, _running) = self.at.open().await?;
        let bar = ProgressBar::new_spinner().with_style(style("{spinner} {msg}: {pos} items, {per_sec}")?);
        let exported = recovery::export(&store, &self.shop, &self.to, Utc::now(), &bar).await?;
        bar.finish_and_clear();
        show(&exported)
    }
}

impl Import {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let (store, _running) = self.at.open().await?;
        if self.at.store.as_deref() != Some("aws") {
            schema::create(&store).await?;
        }
        let bar = ProgressBar::new(0).with_style(style("{msg}: {wide_bar} {pos}/{len} items, {per_sec}, {eta}")?);
        let imported = recovery::import(&store, &self.from, Utc::now(), &bar).await?;
        bar.finish_and_clear();
        show(&imported)
    }
}

fn style(template: &str) -> Result<ProgressStyle, CliError> {
    ProgressStyle::with_template(template).map_err(|error| CliError::Io(std::io::Error::other(error)))
}
