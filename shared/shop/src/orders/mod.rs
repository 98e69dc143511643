//! Orders of a shop, their effects on points, and the coupon codes that they use.

pub mod effects;
pub mod release;
pub mod rows;
pub mod settling;
pub mod uses;
