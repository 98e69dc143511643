//! Coupons: the resource, its filters, limits and claims.

mod claims;
mod deletion;
mod filters;
mod limits;
mod quota;
mod races;
mod resource;
