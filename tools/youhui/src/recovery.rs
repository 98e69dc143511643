//! A shop as a file: [`export`] out of one table, [`import`] into another, be it embedded or on AWS.
//!
//! * `file`: JSON Lines, one item of the table a line between a header and a last line with count and checksum.
//! * [`export`] reads everything twice: what is the same both times is how the shop was in between.
//! * [`import`] reads the file twice: nothing is written of one that was cut or changed.

use std::path::PathBuf;

use shared::{Error, domain::shop::ShopId};

mod export;
pub(crate) mod file;
mod import;

pub use export::export;
pub use import::{import, shop_of};

/// Why a shop was not exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The store failed, or it refuses the import.
    #[error("{0}")]
    Store(#[from] Error),
    /// The shop is not in the store.
    #[error("there is no shop {0}")]
    NoShop(ShopId),
    /// The name of the file says that it is no JSON Lines.
    #[error("{0}: a shop is written as JSON Lines: name the file .jsonl, or .jsonl.gz to compress it")]
    Name(PathBuf),
    /// The shop was written to while it was exported.
    #[error("{0} was changed while it was exported; export it while nobody writes to it")]
    Changed(ShopId),
    /// The file cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is not a whole export.
    #[error("{path}, line {line}: {what}")]
    File {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
}

/// What was moved.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    /// The shop.
    pub shop: ShopId,
    /// The items in the file.
    pub items: u64,
    /// Its checksum.
    pub sha256: String,
}
