//! Price rules: the resource and its filters.

mod resource;
