//! The operator's commands: audits, exports and imports of whole shops.

mod audit;
mod recovery;
mod recovery_files;
