//! The Rust client and its example programs.

mod calls;
mod erp_sync;
mod retries;
