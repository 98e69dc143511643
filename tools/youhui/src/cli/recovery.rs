//! The commands `youhui export shop` and `youhui import shop`.

use std::path::PathBuf;

use crate::recovery;
use chrono::Utc;
use clap::Args;
use indicatif::ProgressBar;
use shared::{domain::shop::ShopId, store::schema};

use super::{CliError, Ended, place::Where, progress::style, show};

/// The flags of `export shop`.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The shop to export.
    #[arg(long)]
    shop: ShopId,
    /// The file to write; compressed if its name ends in .gz.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    at: Where,
}

/// The flags of `import shop`.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The file that `export shop` wrote.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    #[command(flatten)]
    at: Where,
}

impl Export {
    pub(super) async fn run(self) -> Result<Ended, CliError> {
        let (store, _running) = self.at.open().await?;
        let bar = ProgressBar::new_spinner().with_style(style("{spinner} {msg}: {pos} items, {per_sec}")?);
        let exported = recovery::export(&store, &self.shop, &self.to, Utc::now(), &bar).await?;
        bar.finish_and_clear();
        show(&exported)?;
        Ok(Ended::Done)
    }
}

impl Import {
    pub(super) async fn run(self) -> Result<Ended, CliError> {
        // The file is checked first, so that a wrong one creates no store.
        recovery::shop_of(&self.from)?;
        let (store, _running) = self.at.open_or_make().await?;
        if self.at.store.as_deref() != Some("aws") {
            schema::create(&store).await?;
        }
        let bar = ProgressBar::new(0).with_style(style("{msg}: {wide_bar} {pos}/{len} items, {per_sec}, {eta}")?);
        let imported = recovery::import(&store, &self.from, Utc::now(), &bar).await?;
        bar.finish_and_clear();
        show(&imported)?;
        Ok(Ended::Done)
    }
}
