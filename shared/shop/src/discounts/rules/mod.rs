//! Price rules: their rows and versions, the automatic ones, and the overlay of rules on the stored status of codes.

pub mod automatic;
pub mod overlay;
pub mod rows;
pub mod stored;
