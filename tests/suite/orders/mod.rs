//! Orders and their effects.

mod arrivals;
mod effects;
mod snapshots;
