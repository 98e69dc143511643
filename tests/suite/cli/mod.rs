//! The command line: bulk files, their errors and the program itself.

mod codes;
mod customers;
mod errors;
mod formulas;
mod help;
mod issue;
mod kills;
mod mended;
mod points;
mod program;
mod quotes;
