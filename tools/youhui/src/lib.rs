//! The command line: `cargo run` starts the whole API on this machine, and subcommands do what operators need.
//!
//! * [`cli`]: the commands, their help and their messages.
//! * [`recovery`]: a whole shop as a file, from one store into another.
//! * [`bulk`]: files of customers, codes and points.

pub mod bulk;
pub mod cli;
mod gzip;
mod part_file;
pub mod recovery;
