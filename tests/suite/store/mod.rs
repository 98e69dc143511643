//! The engine: keys, pages, conflicts and faults.

mod chaos;
mod contention;
mod faults;
mod hostile;
mod keys;
mod races;
mod ranked_lists;
mod round_trips;
