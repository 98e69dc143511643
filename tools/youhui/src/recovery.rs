//! A whole shop as a file: [`export`] from one table, [`import`] into another. Each table is embedded or on AWS.
//!
//! * `file` is JSON Lines: a header, one item of the table on each line, and a last line with a count and a checksum.
//! * [`export`] reads everything twice. If both readings are equal, the file shows the shop at a moment between them.
//! * [`import`] reads the file twice, so that nothing is written from a file that was cut or changed.

use std::path::PathBuf;

use shared::{Error, domain::shop::ShopId};

mod export;
pub(crate) mod file;
mod import;

pub use export::export;
pub use import::{import, shop_of};

/// The reason that a shop was not exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The store failed, or it refuses the import.
    #[error("{0}")]
    Store(#[from] Error),
    /// The shop does not exist in the store.
    #[error("there is no shop {0}: `youhui shop list` shows the shops")]
    NoShop(ShopId),
    /// The file name is not that of JSON Lines.
    #[error("{0}: a shop is written as JSON Lines: name the file .jsonl, or .jsonl.gz to compress it")]
    Name(PathBuf),
    /// The shop changed during the export.
    #[error("shop {0} was changed during the export; export it again while nobody writes to it")]
    Changed(ShopId),
    /// The file cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// The file is not a complete export.
    #[error("{path}, line {line}: {what}")]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The line number, from 1.
        line: u64,
        /// A description of the error.
        what: String,
    },
}

/// The result of an export or import.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    /// The shop that was moved.
    pub shop: ShopId,
    /// The number of items in the file.
    pub items: u64,
    /// The SHA-256 checksum of the file, which is in its last line.
    pub sha256: String,
}
